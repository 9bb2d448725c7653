{#- Google's invoice is cost plus credits, which are negative and stay lines of their own: a promotion must not look like a gain in efficiency.
    The export does not spread a commitment over what it covers: its fee is a charge of the month, and its use a credit on the usage. -#}
{{ config(materialized='view') }}

with charges as (
    select * from {{ ref('stg_gcp_billing__charges') }}
),

credited as (
    {{ explode_json_array('charges', ['cost_row_id'], 'credits', 'credit') }}
),

credits as (
    select
        cost_row_id,
        element_index,
        lower(coalesce({{ json_text('credit', 'type') }}, 'credit')) as credit_type,
        {{ json_text('credit', 'name') }} as credit_name,
        {{ decimal_from_text(json_text('credit', 'amount')) }} as amount
    from credited
),

told as (
    select
        charges.*,
        charges.cost_row_id as told_row_id,
        charges.cost as told_cost,
        charges.list_cost as told_list_cost,
        charges.sku as told_description,
        charges.cost_type as told_type,
        case charges.cost_type
            when 'regular' then case when charges.commitment_id is null then 'Usage' else 'Purchase' end
            when 'tax' then 'Tax'
            when 'adjustment' then 'Adjustment'
            when 'rounding_error' then 'Adjustment'
            else charges.cost_type
        end as told_category
    from charges
    union all
    select
        charges.*,
        charges.cost_row_id || ':credit' || cast(credits.element_index as {{ dbt.type_string() }}) as told_row_id,
        credits.amount as told_cost,
        cast(null as decimal(38, 18)) as told_list_cost,
        credits.credit_name as told_description,
        credits.credit_type as told_type,
        -- Lower prices that Google books as credits belong to the usage they lower; what is left is money given.
        case
            when charges.cost_type = 'tax' then 'Tax'
            when
                credits.credit_type in (
                    'committed_usage_discount', 'committed_usage_discount_dollar_base', 'sustained_usage_discount', 'discount', 'free_tier',
                    'subscription_benefit', 'reseller_margin', 'fee_utilization_offset'
                )
                then 'Usage'
            else 'Credit'
        end as told_category
    from charges
    inner join credits on credits.cost_row_id = charges.cost_row_id
)

select
    source_system,
    told_row_id as cost_row_id,
    file_id,
    'Google Cloud' as provider,
    'Google Cloud' as invoice_issuer,
    case when publisher_type = 'partner' then coalesce(seller_name, 'Partner') else 'Google Cloud' end as publisher,
    billing_account_id,
    sub_account_id,
    cast(null as {{ dbt.type_string() }}) as invoice_id,
    billing_period_start,
    cast({{ dbt.dateadd('month', 1, 'billing_period_start') }} as date) as billing_period_end,
    used_from as charge_period_start,
    used_to as charge_period_end,
    told_type as charge_type,
    told_category as charge_category,
    case
        when used_on_pacific < billing_period_start and (cost_type = 'adjustment' or adjustment_mode is not null) then 'Correction'
    end as charge_class,
    told_description as charge_description,
    cast(null as {{ dbt.type_string() }}) as service_category,
    cloud_service,
    resource_id,
    cast(null as {{ dbt.type_string() }}) as allocated_resource_id,
    region_id,
    commitment_id as commitment_discount_id,
    cast(null as {{ dbt.type_string() }}) as commitment_discount_status,
    currency,
    told_cost as billed_cost,
    told_cost as effective_cost,
    told_list_cost as list_cost,
    cast(null as decimal(38, 18)) as contracted_cost,
    tags,
    cast(null as {{ dbt.type_string() }}) as allocated_tags
from told
