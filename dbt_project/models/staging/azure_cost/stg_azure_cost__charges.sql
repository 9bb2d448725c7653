with charges as (
    select * from {{ source('raw_azure_cost', 'charges') }}
)

select
    'azure_cost' as source_system,
    _file_id || ':' || cast(_row as {{ dbt.type_string() }}) as cost_row_id,
    _file_id as file_id,
    cost_view,
    trim(billing_account_id) as billing_account_id,
    trim(subscription_id) as sub_account_id,
    trim(invoice_id) as invoice_id,
    billing_period_start,
    -- Azure names the last day, not the day after it.
    cast({{ dbt.dateadd('day', 1, 'billing_period_end') }} as date) as billing_period_end,
    used_on,
    coalesce(trim(charge_type), 'Usage') as charge_type,
    trim(pricing_model) as pricing_model,
    case when lower(publisher_type) = 'marketplace' then coalesce(trim(publisher_name), 'Marketplace') else 'Microsoft' end as publisher,
    product_name as description,
    trim(service_family) as service_family,
    coalesce(trim(meter_category), trim(service_name), trim(consumed_service)) as cloud_service,
    lower(trim(resource_id)) as resource_id,
    lower(trim(resource_location)) as region_id,
    lower(coalesce(nullif(trim(benefit_id), ''), nullif(trim(reservation_id), ''))) as commitment_id,
    upper(trim(currency)) as currency,
    cost,
    quantity,
    list_price,
    -- The Enterprise Agreement leaves out the braces.
    case when substring(trim(tags), 1, 1) = '{' then trim(tags) when trim(tags) <> '' then '{' || trim(tags) || '}' end as tags
from charges
