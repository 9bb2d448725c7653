{#- A view: charges are not stored twice. One relation per system, each in FOCUS terms and with these columns. -#}
{{ config(materialized='view') }}
{%- set columns = [
    'source_system',
    'cost_row_id',
    'file_id',
    'provider',
    'invoice_issuer',
    'publisher',
    'billing_account_id',
    'sub_account_id',
    'invoice_id',
    'billing_period_start',
    'billing_period_end',
    'charge_period_start',
    'charge_period_end',
    'charge_type',
    'charge_category',
    'charge_class',
    'charge_description',
    'service_category',
    'cloud_service',
    'resource_id',
    'allocated_resource_id',
    'region_id',
    'commitment_discount_id',
    'commitment_discount_status',
    'currency',
    'billed_cost',
    'effective_cost',
    'list_cost',
    'contracted_cost',
    'tags',
    'allocated_tags',
] %}

with focus_charges as (
    select * from {{ ref('stg_focus__charges') }}
),

aws_charges as (
    select * from {{ ref('int_aws_charges') }}
),

azure_charges as (
    select * from {{ ref('int_azure_charges') }}
),

gcp_charges as (
    select * from {{ ref('int_gcp_charges') }}
)

{%- for relation in ['focus_charges', 'aws_charges', 'azure_charges', 'gcp_charges'] %}
{% if not loop.first %}
union all
{% endif %}
select
    {%- for column in columns %}
    {{ column }}{{ ',' if not loop.last }}
    {%- endfor %}
from {{ relation }}
{%- endfor %}
