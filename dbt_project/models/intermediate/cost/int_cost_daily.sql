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
    charges.charge_date,
    charges.billing_period_start,
    max(charges.billing_period_end) as billing_period_end,
    charges.source_system,
    charges.provider,
    charges.invoice_issuer,
    charges.billing_account_id,
    charges.sub_account_id,
    charges.invoice_id,
    charges.charge_type,
    charges.charge_category,
    charges.charge_class,
    charges.is_commitment,
    charges.commitment_discount_status,
    charges.service_category,
    charges.cloud_service,
    charges.is_marketplace,
    charges.is_refund,
    charges.currency,
    charges.customer_tag,
    charges.service_tag,
    charges.team_tag,
    charges.pool_tag,
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
    charges.charge_date,
    charges.billing_period_start,
    charges.source_system,
    charges.provider,
    charges.invoice_issuer,
    charges.billing_account_id,
    charges.sub_account_id,
    charges.invoice_id,
    charges.charge_type,
    charges.charge_category,
    charges.charge_class,
    charges.is_commitment,
    charges.commitment_discount_status,
    charges.service_category,
    charges.cloud_service,
    charges.is_marketplace,
    charges.is_refund,
    charges.currency,
    charges.customer_tag,
    charges.service_tag,
    charges.team_tag,
    charges.pool_tag,
    missing.fingerprint
