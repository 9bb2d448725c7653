with

budgets as (

    select * from {{ ref('stg_finance__budgets') }}

),

categories as (

    select * from {{ ref('budget_categories') }}

),

rates as (

    select * from {{ ref('int_exchange_rates') }}

),

dated as (

    select
        budgets.team_id,
        budgets.budget_month,
        coalesce(categories.spend_kind, 'other') as spend_kind,
        budgets.currency,
        budgets.amount,
        -- A budget of days to come is worth what it is worth today.
        least(budgets.budget_month, date '{{ var("as_of_date") }}') as rate_date
    from budgets
    left join categories on budgets.category = categories.category

),

converted as (

    select
        dated.team_id,
        dated.budget_month,
        dated.spend_kind,
        {{ exchanged('dated.amount', 'rates.rate') }} as amount,
        case when rates.rate is null then 1 else 0 end as is_unconverted
    from dated
    left join rates
        on
            dated.currency = rates.from_currency
            and dated.rate_date >= rates.valid_from
            and dated.rate_date < rates.valid_to

)

select
    team_id,
    budget_month,
    spend_kind,
    cast(sum(amount) as decimal(38, 9)) as amount,
    cast(sum(is_unconverted) as bigint) as unconverted_lines
from converted
group by team_id, budget_month, spend_kind
