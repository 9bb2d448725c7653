with

cloud as (

    select
        team_id,
        cast({{ dbt.date_trunc('month', 'charge_date') }} as date) as month_start_date,
        cast(sum(effective_cost_reporting) as decimal(38, 9)) as spend,
        sum(case when effective_cost_reporting is null and effective_cost <> 0 then 1 else 0 end) as unconverted
    from {{ ref('fct_cloud_cost_daily') }}
    where charge_date <= date '{{ var("as_of_date") }}'
    group by team_id, cast({{ dbt.date_trunc('month', 'charge_date') }} as date)

),

vendor as (

    select
        team_id,
        spend_month as month_start_date,
        sum(reporting_amount) as spend,
        sum(case when reporting_amount is null then 1 else 0 end) as unconverted
    from {{ ref('int_vendor_spend') }}
    group by team_id, spend_month

),

budgets as (

    select * from {{ ref('int_budgets') }}

),

contracts as (

    select * from {{ ref('int_vendor_contracts') }}
    where exclusion_reason is null and cancelled_on is null

),

rates as (

    select * from {{ ref('int_exchange_rates') }}

),

team_groups as (

    select * from {{ ref('int_team_groups') }}

),

entries as (

    select
        team_id,
        month_start_date,
        spend as cloud_spend,
        cast(null as decimal(38, 9)) as vendor_spend,
        cast(null as decimal(38, 9)) as cloud_budget,
        cast(null as decimal(38, 9)) as vendor_budget,
        unconverted
    from cloud

    union all

    select
        team_id,
        month_start_date,
        cast(null as decimal(38, 9)) as cloud_spend,
        spend as vendor_spend,
        cast(null as decimal(38, 9)) as cloud_budget,
        cast(null as decimal(38, 9)) as vendor_budget,
        unconverted
    from vendor

    union all

    select
        team_id,
        budget_month as month_start_date,
        cast(null as decimal(38, 9)) as cloud_spend,
        cast(null as decimal(38, 9)) as vendor_spend,
        case when spend_kind = 'cloud' then amount end as cloud_budget,
        case when spend_kind = 'vendor' then amount end as vendor_budget,
        unconverted_lines as unconverted
    from budgets
    where spend_kind <> 'other'

),

-- Contracts reach further back than bills and budgets do: the fact begins with these.
beginning as (

    select coalesce(
        least((select min(month_start_date) from cloud), (select min(budget_month) from budgets)),
        (select min(month_start_date) from vendor)
    ) as first_month

),

teams as (

    select distinct team_id
    from entries

),

months as (

    select distinct
        entries.month_start_date,
        cast({{ dbt.dateadd('day', -1, dbt.dateadd('month', 1, 'entries.month_start_date')) }} as date) as month_end_date
    from entries
    inner join beginning on entries.month_start_date >= beginning.first_month

),

-- 36 digits: a sum or difference needs one more, and Spark takes it from behind the point at 38.
sums as (

    select
        team_id,
        month_start_date,
        cast(sum(cloud_spend) as decimal(36, 9)) as cloud_spend,
        cast(sum(vendor_spend) as decimal(36, 9)) as vendor_spend,
        cast(sum(cloud_budget) as decimal(36, 9)) as cloud_budget,
        cast(sum(vendor_budget) as decimal(36, 9)) as vendor_budget,
        sum(unconverted) as unconverted
    from entries
    group by team_id, month_start_date

),

filled as (

    select
        teams.team_id,
        months.month_start_date,
        months.month_end_date,
        cast(
            {{ dbt.dateadd(
                'month',
                '-(extract(month from months.month_start_date) - ' ~ var('fiscal_year_first_month') ~ ' + 12) % 12',
                'months.month_start_date',
            ) }} as date
        ) as fiscal_year_start_date,
        months.month_end_date <= date '{{ var("as_of_date") }}' as is_complete,
        -- A month to come has no spend yet, which is not a spend of nothing.
        case when months.month_start_date <= date '{{ var("as_of_date") }}' then coalesce(sums.cloud_spend, 0) end as cloud_spend,
        case when months.month_start_date <= date '{{ var("as_of_date") }}' then coalesce(sums.vendor_spend, 0) end as vendor_spend,
        sums.cloud_budget,
        sums.vendor_budget,
        coalesce(sums.unconverted, 0) as unconverted
    from teams
    cross join months
    left join sums on teams.team_id = sums.team_id and months.month_start_date = sums.month_start_date

),

totals as (

    select
        filled.*,
        filled.cloud_spend + filled.vendor_spend as total_spend,
        case
            when filled.cloud_budget is not null or filled.vendor_budget is not null
                then coalesce(filled.cloud_budget, 0) + coalesce(filled.vendor_budget, 0)
        end as total_budget,
        12 - {{ dbt.datediff(
            'filled.fiscal_year_start_date', 'greatest(filled.fiscal_year_start_date, beginning.first_month)', 'month'
        ) }} as year_months
    from filled
    cross join beginning

),

years as (

    select
        totals.*,
        sum(total_spend) over (
            partition by team_id, fiscal_year_start_date order by month_start_date rows between unbounded preceding and current row
        ) as year_to_date_spend,
        sum(case when month_start_date <= date '{{ var("as_of_date") }}' then total_budget end) over (
            partition by team_id, fiscal_year_start_date order by month_start_date rows between unbounded preceding and current row
        ) as year_to_date_budget,
        cast(sum(total_budget) over (partition by team_id, fiscal_year_start_date) as decimal(36, 9)) as year_budget,
        sum(case when is_complete then total_spend end) over (
            partition by team_id, fiscal_year_start_date order by month_start_date rows between unbounded preceding and current row
        ) as whole_months_spend,
        sum(case when is_complete then 1 else 0 end) over (
            partition by team_id, fiscal_year_start_date order by month_start_date rows between unbounded preceding and current row
        ) as whole_months
    from totals

),

forecast as (

    select
        years.*,
        cast(
            cast(whole_months_spend as double) / nullif(cast(whole_months as double), 0) * year_months as decimal(36, 9)
        ) as forecast_year_spend
    from years

),

renewals as (

    select
        months.month_start_date,
        contracts.team_id,
        count(*) as renewals_coming,
        sum(case when rates.rate is not null then cast({{ exchanged('contracts.amount', 'rates.rate') }} as decimal(38, 9)) end)
            as renewals_amount,
        min(contracts.ends_on) as next_renewal_date,
        min(contracts.notice_date) as next_notice_date
    from months
    inner join contracts
        on
            contracts.ends_on > months.month_end_date
            and contracts.ends_on <= cast({{ dbt.dateadd('day', var('renewal_horizon_days'), 'months.month_end_date') }} as date)
            and contracts.starts_on <= months.month_end_date
    left join rates
        on
            contracts.currency = rates.from_currency
            and least(months.month_end_date, date '{{ var("as_of_date") }}') >= rates.valid_from
            and least(months.month_end_date, date '{{ var("as_of_date") }}') < rates.valid_to
    group by months.month_start_date, contracts.team_id

)

select
    forecast.team_id,
    coalesce(team_groups.group_id, 'unmapped') as group_id,
    forecast.month_start_date,
    forecast.fiscal_year_start_date,
    forecast.is_complete,
    '{{ var("reporting_currency") }}' as currency,
    cast(forecast.cloud_spend as decimal(38, 9)) as cloud_spend,
    cast(forecast.vendor_spend as decimal(38, 9)) as vendor_spend,
    cast(forecast.total_spend as decimal(38, 9)) as total_spend,
    cast(forecast.cloud_budget as decimal(38, 9)) as cloud_budget,
    cast(forecast.vendor_budget as decimal(38, 9)) as vendor_budget,
    cast(forecast.total_budget as decimal(38, 9)) as total_budget,
    cast(forecast.total_spend - forecast.total_budget as decimal(38, 9)) as variance,
    cast(forecast.total_spend - forecast.total_budget as double) / nullif(cast(forecast.total_budget as double), 0) as variance_share,
    cast(forecast.year_to_date_spend as decimal(38, 9)) as year_to_date_spend,
    cast(forecast.year_to_date_budget as decimal(38, 9)) as year_to_date_budget,
    cast(forecast.year_budget as decimal(38, 9)) as year_budget,
    cast(forecast.forecast_year_spend as decimal(38, 9)) as forecast_year_spend,
    cast(forecast.forecast_year_spend - forecast.year_budget as decimal(38, 9)) as forecast_variance,
    cast(forecast.forecast_year_spend - forecast.year_budget as double) / nullif(cast(forecast.year_budget as double), 0)
        as forecast_variance_share,
    cast(forecast.whole_months as bigint) as forecast_months,
    cast(coalesce(renewals.renewals_coming, 0) as bigint) as renewals_coming,
    cast(renewals.renewals_amount as decimal(38, 9)) as renewals_amount,
    renewals.next_renewal_date,
    renewals.next_notice_date,
    cast(forecast.unconverted as bigint) as unconverted_items,
    case
        when forecast.total_budget is null then 'no_budget'
        when forecast.total_spend is null then 'to_come'
        when forecast.total_spend > forecast.total_budget then 'over'
        else 'within'
    end as status
from forecast
left join team_groups
    on
        forecast.team_id = team_groups.team_id
        and forecast.month_end_date >= team_groups.valid_from
        and forecast.month_end_date < team_groups.valid_to
left join renewals
    on forecast.team_id = renewals.team_id and forecast.month_start_date = renewals.month_start_date
