with line_items as (
    select * from {{ source('raw_aws_cur', 'line_items') }}
)

select
    'aws_cur' as source_system,
    _file_id || ':' || cast(_row as {{ dbt.type_string() }}) as line_id,
    _file_id as file_id,
    trim(bill_payer_account_id) as billing_account_id,
    trim(line_item_usage_account_id) as sub_account_id,
    trim(bill_invoice_id) as invoice_id,
    coalesce(trim(bill_billing_entity), 'AWS') as billing_entity,
    trim(bill_invoicing_entity) as invoicing_entity,
    trim(line_item_legal_entity) as legal_entity,
    cast(bill_billing_period_start_date as date) as billing_period_start,
    cast(bill_billing_period_end_date as date) as billing_period_end,
    line_item_usage_start_date as used_from,
    line_item_usage_end_date as used_to,
    trim(line_item_type) as line_item_type,
    trim(line_item_operation) as operation,
    trim(line_item_product_code) as product_code,
    coalesce(
        nullif(trim(product_name), ''),
        nullif({{ json_text(valid_json('product'), 'product_name') }}, ''),
        nullif(trim(product_servicename), ''),
        trim(line_item_product_code)
    ) as product_name,
    line_item_description as description,
    lower(trim(line_item_resource_id)) as resource_id,
    lower(trim(split_line_item_parent_resource_id)) as parent_resource_id,
    coalesce(nullif(trim(product_region_code), ''), nullif({{ json_text(valid_json('product'), 'region') }}, '')) as region_id,
    nullif(trim(reservation_arn), '') as reservation_arn,
    nullif(trim(savings_plan_arn), '') as savings_plan_arn,
    upper(trim(line_item_currency_code)) as currency,
    line_item_unblended_cost as unblended_cost,
    pricing_public_on_demand_cost as list_cost,
    reservation_effective_cost,
    reservation_unused_amortized_upfront_fee_for_billing_period as reservation_unused_upfront_fee,
    reservation_unused_recurring_fee,
    savings_plan_effective_cost,
    savings_plan_total_commitment_to_date as savings_plan_commitment,
    savings_plan_used_commitment,
    split_line_item_split_cost as split_cost,
    split_line_item_unused_cost as split_unused_cost,
    coalesce(nullif(resource_tags, '{}'), tag_columns) as tags,
    -- These lines divide the cost of an instance that is on the bill with a line of its own.
    coalesce(line_item_operation in ('EKSPod-EC2', 'ECSTask-EC2'), false) or nullif(trim(split_line_item_parent_resource_id), '') is not null as is_split_line
from line_items
