{{ config(severity='error', meta={'description': 'One row per month whose allocated cost in the KPI records, as the organisation counts it, is not that of the customers’ mart to the millionth.'}) }}

with records as (
    select
        cast({{ dbt.date_trunc('month', 'event_date') }} as date) as period_month,
        sum(numerator) as cost
    from {{ ref('int_kpi_cloud_cost_per_customer_records') }}
    where kpi_id = 'cloud_cost_per_customer'
    group by cast({{ dbt.date_trunc('month', 'event_date') }} as date)
),

mart as (
    select
        period_month,
        sum(allocated_cost) as cost
    from {{ ref('mart_cloud_cost_per_customer') }}
    where is_reporting_currency
    group by period_month
)

select
    coalesce(records.period_month, mart.period_month) as period_month,
    records.cost as records_cost,
    mart.cost as mart_cost
from records
full outer join mart on mart.period_month = records.period_month
-- Records have nine decimals and the mart eighteen: each of some thousand records may be rounded by half a billionth.
where abs(coalesce(cast(records.cost as decimal(28, 9)), 0) - coalesce(cast(mart.cost as decimal(28, 9)), 0)) > 0.00001
