with charges as (
    select * from {{ source('raw_focus', 'charges') }}
)

select
    'focus' as source_system,
    _file_id || ':' || cast(_row as {{ dbt.type_string() }}) as cost_row_id,
    _file_id as file_id,
    trim(coalesce(service_provider_name, provider_name, invoice_issuer_name)) as provider,
    trim(invoice_issuer_name) as invoice_issuer,
    trim(publisher_name) as publisher,
    trim(billing_account_id) as billing_account_id,
    trim(sub_account_id) as sub_account_id,
    trim(invoice_id) as invoice_id,
    cast(billing_period_start as date) as billing_period_start,
    cast(billing_period_end as date) as billing_period_end,
    charge_period_start,
    charge_period_end,
    cast(null as {{ dbt.type_string() }}) as charge_type,
    trim(charge_category) as charge_category,
    trim(charge_class) as charge_class,
    charge_description,
    trim(service_category) as service_category,
    trim(service_name) as cloud_service,
    lower(trim(resource_id)) as resource_id,
    lower(trim(allocated_resource_id)) as allocated_resource_id,
    region_id,
    trim(commitment_discount_id) as commitment_discount_id,
    trim(commitment_discount_status) as commitment_discount_status,
    upper(trim(billing_currency)) as currency,
    billed_cost,
    effective_cost,
    list_cost,
    contracted_cost,
    tags,
    allocated_tags,
    x_columns
from charges
