{#- A view: twenty million charges are not stored twice. What is kept of them is the daily roll-up. -#}
{{ config(materialized='view') }}

with charges as (
    select * from {{ ref('int_cost_charges') }}
),

tag_sets as (
    select * from {{ ref('int_cost_tag_sets') }}
),

accounts as (
    select * from {{ ref('cost_account_map') }}
),

resources as (
    select * from {{ ref('cost_resource_map') }}
),

-- The most specific evidence first: the tags of the workload that the provider split the charge for, the charge's own tags, its resource,
-- its sub-account, its billing account. Customer and pool exclude each other, so the first evidence that names either decides both.
named as (
    select
        charges.*,
        {%- set levels = [
            ('allocated_tags_named', 'customer_tag', 'service_tag', 'team_tag', 'pool_tag'),
            ('tags_named', 'customer_tag', 'service_tag', 'team_tag', 'pool_tag'),
            ('allocated_resource', 'customer_id', 'service_id', 'team_id', 'pool_id'),
            ('resource', 'customer_id', 'service_id', 'team_id', 'pool_id'),
            ('sub_account', 'customer_id', 'service_id', 'team_id', 'pool_id'),
            ('billing_account', 'customer_id', 'service_id', 'team_id', 'pool_id'),
        ] %}
        case
            {%- for level, customer, service, team, pool in levels %}
            when coalesce({{ level }}.{{ customer }}, {{ level }}.{{ pool }}) is not null then {{ level }}.{{ customer }}
            {%- endfor %}
        end as customer_tag,
        case
            {%- for level, customer, service, team, pool in levels %}
            when coalesce({{ level }}.{{ customer }}, {{ level }}.{{ pool }}) is not null then {{ level }}.{{ pool }}
            {%- endfor %}
        end as pool_tag,
        coalesce(
            {%- for level, customer, service, team, pool in levels %}
            {{ level }}.{{ service }}{{ ',' if not loop.last }}
            {%- endfor %}
        ) as service_tag,
        coalesce(
            {%- for level, customer, service, team, pool in levels %}
            {{ level }}.{{ team }}{{ ',' if not loop.last }}
            {%- endfor %}
        ) as team_tag
    from charges
    left join tag_sets as allocated_tags_named on allocated_tags_named.tags = charges.allocated_tags
    left join tag_sets as tags_named on tags_named.tags = charges.tags
    left join resources as allocated_resource on allocated_resource.resource_id = charges.allocated_resource_id
    left join resources as resource on resource.resource_id = charges.resource_id
    left join accounts as sub_account on sub_account.account_id = charges.sub_account_id
    left join accounts as billing_account on billing_account.account_id = charges.billing_account_id
)

select
    source_system,
    cost_row_id,
    file_id,
    provider,
    invoice_issuer,
    billing_account_id,
    sub_account_id,
    invoice_id,
    billing_period_start,
    billing_period_end,
    charge_period_start,
    {{ business_date('charge_period_start') }} as charge_date,
    charge_type,
    charge_category,
    charge_class,
    service_category,
    cloud_service,
    resource_id,
    commitment_discount_id is not null as is_commitment,
    commitment_discount_status,
    -- From 1.3 on no publisher is given: nothing is then called a marketplace charge.
    coalesce(lower(publisher) not in (lower(provider), lower(invoice_issuer)), false) as is_marketplace,
    billed_cost < 0 or (billed_cost = 0 and effective_cost < 0) as is_refund,
    currency,
    billed_cost,
    effective_cost,
    list_cost,
    customer_tag,
    service_tag,
    team_tag,
    pool_tag,
    charge_description
from named
