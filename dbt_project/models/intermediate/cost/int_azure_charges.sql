{#- The actual export tells the invoice and the amortised one what was used: each gives one of the two costs, and they are never added. -#}
{{ config(materialized='view') }}

with charges as (
    select * from {{ ref('stg_azure_cost__charges') }}
),

-- Where one of the two exports is missing for an account's period, the other stands for it: without commitments they are the same.
views as (
    select
        billing_account_id,
        billing_period_start,
        max(case when cost_view = 'actual' then 1 else 0 end) as has_actual,
        max(case when cost_view = 'amortized' then 1 else 0 end) as has_amortized
    from charges
    group by
        billing_account_id,
        billing_period_start
)

select
    charges.source_system,
    charges.cost_row_id,
    charges.file_id,
    'Microsoft' as provider,
    'Microsoft' as invoice_issuer,
    charges.publisher,
    charges.billing_account_id,
    charges.sub_account_id,
    charges.invoice_id,
    charges.billing_period_start,
    charges.billing_period_end,
    cast(charges.used_on as timestamp) as charge_period_start,
    cast({{ dbt.dateadd('day', 1, 'charges.used_on') }} as timestamp) as charge_period_end,
    charges.charge_type,
    case lower(charges.charge_type)
        when 'usage' then 'Usage'
        when 'unusedreservation' then 'Usage'
        when 'unusedsavingsplan' then 'Usage'
        when 'purchase' then 'Purchase'
        when 'refund' then case when charges.commitment_id is null then 'Usage' else 'Purchase' end
        when 'tax' then 'Tax'
        when 'credit' then 'Credit'
        when 'adjustment' then 'Adjustment'
        when 'roundingadjustment' then 'Adjustment'
        else charges.charge_type
    end as charge_category,
    case when charges.used_on < charges.billing_period_start then 'Correction' end as charge_class,
    charges.description as charge_description,
    charges.service_family as service_category,
    charges.cloud_service,
    charges.resource_id,
    cast(null as {{ dbt.type_string() }}) as allocated_resource_id,
    charges.region_id,
    charges.commitment_id as commitment_discount_id,
    case
        when lower(charges.charge_type) in ('unusedreservation', 'unusedsavingsplan') then 'Unused'
        when lower(charges.charge_type) = 'usage' and lower(charges.pricing_model) in ('reservation', 'savingsplan') then 'Used'
    end as commitment_discount_status,
    charges.currency,
    case when charges.cost_view = 'actual' or views.has_actual = 0 then charges.cost else cast(0 as decimal(38, 18)) end as billed_cost,
    case when charges.cost_view = 'amortized' or views.has_amortized = 0 then charges.cost else cast(0 as decimal(38, 18)) end as effective_cost,
    -- Told once: by the export that also tells the invoice.
    case
        when
            lower(charges.charge_type) = 'usage'
            and (charges.cost_view = 'actual' or views.has_actual = 0)
            and abs(charges.quantity) < 1000000000
            and abs(charges.list_price) < 1000000000
            then cast(cast(charges.quantity as decimal(18, 9)) * cast(charges.list_price as decimal(18, 9)) as decimal(38, 18))
    end as list_cost,
    cast(null as decimal(38, 18)) as contracted_cost,
    charges.tags,
    cast(null as {{ dbt.type_string() }}) as allocated_tags
from charges
inner join views
    on
        views.billing_account_id = charges.billing_account_id
        and views.billing_period_start = charges.billing_period_start
