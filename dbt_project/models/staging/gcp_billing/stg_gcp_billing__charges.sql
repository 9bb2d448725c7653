with charges as (
    select * from {{ source('raw_gcp_billing', 'charges') }}
)

select
    'gcp_billing' as source_system,
    _file_id || ':' || cast(_row as {{ dbt.type_string() }}) as cost_row_id,
    _file_id as file_id,
    trim(billing_account_id) as billing_account_id,
    project_id as sub_account_id,
    -- Named by Google in Pacific time: it is a name here, not an instant.
    cast(substring(invoice_month, 1, 4) || '-' || substring(invoice_month, 5, 2) || '-01' as date) as billing_period_start,
    cast({{ local_timestamp('usage_start_time', "'America/Los_Angeles'") }} as date) as used_on_pacific,
    usage_start_time as used_from,
    usage_end_time as used_to,
    lower(coalesce(trim(cost_type), 'regular')) as cost_type,
    lower(trim(invoice_publisher_type)) as publisher_type,
    nullif(trim(seller_name), '') as seller_name,
    trim(service_description) as cloud_service,
    trim(sku_description) as sku,
    lower(trim(coalesce(resource_global_name, resource_name))) as resource_id,
    coalesce(location_region, location) as region_id,
    case
        when lower(sku_description) like 'commitment%' then coalesce(nullif(trim(subscription_instance_id), ''), trim(sku_id))
    end as commitment_id,
    case when upper(adjustment_mode) not like '%UNSPECIFIED' then adjustment_mode end as adjustment_mode,
    upper(trim(currency)) as currency,
    cost,
    cost_at_list as list_cost,
    case when substring(credits, 1, 2) = '[{' then credits end as credits,
    coalesce(nullif(labels, '[]'), nullif(project_labels, '[]')) as tags
from charges
