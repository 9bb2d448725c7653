{#- Only what was delivered since the last run is rolled up again: stale partitions (changed, shrunk or withdrawn) are deleted first, then those that
    are missing are added. Killed in between, the next run finds them missing. Engines without delete rebuild the table. -#}
{{ config(
    materialized='incremental' if target.type == 'duckdb' else 'table',
    incremental_strategy='append' if target.type == 'duckdb' else none,
    on_schema_change='fail',
    pre_hook="{% if is_incremental() %}
        delete from {{ this }} as kept
        where not exists (
            select 1
            from {{ ref('int_cost_partitions') }} as delivered
            where
                delivered.invoice_issuer = kept.invoice_issuer
                and delivered.billing_account_id = kept.billing_account_id
                and delivered.billing_period_start = kept.billing_period_start
                and delivered.fingerprint = kept.fingerprint
        )
    {% endif %}",
) }}

{%- set kept_apart = [
    'charge_date',
    'billing_period_start',
    'source_system',
    'provider',
    'invoice_issuer',
    'billing_account_id',
    'sub_account_id',
    'invoice_id',
    'charge_type',
    'charge_category',
    'charge_class',
    'is_commitment',
    'commitment_discount_status',
    'service_category',
    'cloud_service',
    'is_marketplace',
    'is_refund',
    'currency',
    'customer_tag',
    'service_tag',
    'team_tag',
    'pool_tag',
] %}

{#- The billing periods of what is missing are written into the query: only a constant is applied while the charges are read, before their tags and
    resources are looked up. The join with the missing partitions decides exactly. -#}
{%- set periods = missing_billing_periods(ref('int_cost_partitions'), this) if is_incremental() else none %}

with charges as (
    select *
    from {{ ref('int_cost_rows') }}
    {%- if periods %}
    where billing_period_start in ({% for period in periods %}cast('{{ period }}' as date){{ ', ' if not loop.last }}{% endfor %})
    {%- elif periods is not none %}
    where false
    {%- endif %}
),

partitions as (
    select * from {{ ref('int_cost_partitions') }}
),

missing as (
    select partitions.*
    from partitions
    {%- if is_incremental() %}
    where not exists (
        select 1
        from {{ this }} as kept
        where
            kept.invoice_issuer = partitions.invoice_issuer
            and kept.billing_account_id = partitions.billing_account_id
            and kept.billing_period_start = partitions.billing_period_start
            and kept.fingerprint = partitions.fingerprint
    )
    {%- endif %}
)

select
    charges.{{ kept_apart | join(',\n    charges.') }},
    max(charges.billing_period_end) as billing_period_end,
    count(*) as charge_rows,
    sum(charges.billed_cost) as billed_cost,
    sum(charges.effective_cost) as effective_cost,
    sum(charges.list_cost) as list_cost,
    missing.fingerprint
from charges
inner join missing
    on
        missing.invoice_issuer = charges.invoice_issuer
        and missing.billing_account_id = charges.billing_account_id
        and missing.billing_period_start = charges.billing_period_start
group by
    charges.{{ kept_apart | join(',\n    charges.') }},
    missing.fingerprint
