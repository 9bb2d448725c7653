{{ config(severity='error', meta={'description': 'One row per billing account and period that two systems tell, such as a cost and usage report beside the FOCUS export of the same account: the bill would count twice. Take one of them out of the landing folder and of the raw table.'}) }}

with daily as (
    select * from {{ ref('int_cost_daily') }}
)

select
    billing_account_id,
    billing_period_start,
    min(source_system) as one_system,
    max(source_system) as another_system,
    sum(billed_cost) as billed_cost
from daily
group by
    billing_account_id,
    billing_period_start
having count(distinct source_system) > 1
