with

contracts as (

    select * from {{ ref('int_vendor_contracts') }}
    where exclusion_reason is null

),

rates as (

    select * from {{ ref('int_exchange_rates') }}

),

months as (

    select distinct
        month_start_date,
        month_end_date
    from {{ ref('dim_date') }}

),

months_of_contracts as (

    select
        contracts.contract_id,
        contracts.vendor_name,
        contracts.team_id,
        contracts.currency,
        contracts.amount,
        contracts.term_days,
        months.month_start_date as spend_month,
        least(months.month_end_date, date '{{ var("as_of_date") }}') as rate_date,
        greatest({{ dbt.datediff('contracts.starts_on', 'months.month_start_date', 'day') }}, 0) as days_before,
        {{ dbt.datediff('contracts.starts_on', 'least(contracts.ends_on, months.month_end_date)', 'day') }} + 1 as days_through
    from contracts
    inner join months
        on contracts.starts_on <= months.month_end_date and contracts.ends_on >= months.month_start_date

),

-- Whole cents of what has been used up by the month's end, less those by its beginning: the months add up to the price.
spent as (

    select
        months_of_contracts.*,
        cast(round(cast(amount as double) * days_through / term_days, 2) as decimal(38, 9))
        - cast(round(cast(amount as double) * days_before / term_days, 2) as decimal(38, 9)) as spend
    from months_of_contracts

)

select
    spent.contract_id,
    spent.spend_month,
    spent.vendor_name,
    spent.team_id,
    spent.currency,
    cast(spent.spend as decimal(38, 9)) as amount,
    cast({{ exchanged('spent.spend', 'rates.rate') }} as decimal(38, 9)) as reporting_amount
from spent
left join rates
    on spent.currency = rates.from_currency and spent.rate_date >= rates.valid_from and spent.rate_date < rates.valid_to
