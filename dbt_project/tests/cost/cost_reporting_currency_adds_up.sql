{{ config(severity='error', meta={'description': 'One row per cost view and month whose cost in the reporting currency differs between the fact and the customers’ mart.'}) }}

with fact as (
    select
        'as_incurred' as cost_view,
        cast({{ dbt.date_trunc('month', 'charge_date') }} as date) as period_month,
        sum(effective_cost_reporting) as cost
    from {{ ref('fct_cloud_cost_daily') }}
    group by cast({{ dbt.date_trunc('month', 'charge_date') }} as date)
    union all
    select
        'as_invoiced' as cost_view,
        cast({{ dbt.date_trunc('month', 'billing_period_start') }} as date) as period_month,
        sum(billed_cost_reporting) as cost
    from {{ ref('fct_cloud_cost_daily') }}
    group by cast({{ dbt.date_trunc('month', 'billing_period_start') }} as date)
),

parts as (
    select
        'as_incurred' as cost_view,
        period_month,
        direct_cost as cost
    from {{ ref('mart_cloud_cost_per_customer') }}
    where is_reporting_currency
    {%- for view, column in [
        ('as_incurred', 'shared_cost'), ('as_incurred', 'unallocated_cost'),
        ('as_invoiced', 'invoiced_direct_cost'), ('as_invoiced', 'invoiced_shared_cost'), ('as_invoiced', 'invoiced_unallocated_cost'),
    ] %}
    union all
    select
        '{{ view }}' as cost_view,
        period_month,
        {{ column }} as cost
    from {{ ref('mart_cloud_cost_per_customer') }}
    where is_reporting_currency
    {%- endfor %}
),

mart as (
    select
        cost_view,
        period_month,
        sum(cost) as cost
    from parts
    group by
        cost_view,
        period_month
)

select
    coalesce(fact.cost_view, mart.cost_view) as cost_view,
    coalesce(fact.period_month, mart.period_month) as period_month,
    fact.cost as fact_cost,
    mart.cost as mart_cost
from fact
full outer join mart
    on
        mart.cost_view = fact.cost_view
        and mart.period_month = fact.period_month
where coalesce(fact.cost, 0) <> coalesce(mart.cost, 0)
