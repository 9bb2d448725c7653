{{ config(severity='error', meta={'description': 'One row per resource and day that two exports of one view tell: an export of the billing account and one of a subscription of it, say. The charge would count twice.'}) }}

with charges as (
    select * from {{ source('raw_azure_cost', 'charges') }}
)

select
    cost_view,
    billing_account_id,
    billing_period_start,
    lower(resource_id) as resource_id,
    used_on,
    min(export_scope) as one_export,
    max(export_scope) as another_export
from charges
where resource_id is not null
group by
    cost_view,
    billing_account_id,
    billing_period_start,
    lower(resource_id),
    used_on
having count(distinct coalesce(export_scope, '')) > 1
