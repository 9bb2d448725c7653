{#- AWS's own amortisation: the rules of the Cloud Intelligence Dashboards (summary_view), which Cost Explorer's amortised view follows too. -#}
{{ config(materialized='view') }}

with line_items as (
    select * from {{ ref('stg_aws_cur__line_items') }} where not is_split_line
),

costed as (
    select
        line_items.*,
        coalesce(savings_plan_arn, reservation_arn) as commitment_id,
        case line_item_type
            when 'SavingsPlanCoveredUsage' then coalesce(savings_plan_effective_cost, cast(0 as decimal(38, 18)))
            when 'DiscountedUsage' then coalesce(reservation_effective_cost, cast(0 as decimal(38, 18)))
            when 'SavingsPlanNegation' then cast(0 as decimal(38, 18))
            when 'SavingsPlanUpfrontFee' then cast(0 as decimal(38, 18))
            when 'SavingsPlanRecurringFee' then cast(0 as decimal(38, 18))
            when 'RIFee' then cast(0 as decimal(38, 18))
            when 'Fee' then case when reservation_arn is null then unblended_cost else cast(0 as decimal(38, 18)) end
            when 'Refund' then case when savings_plan_arn is null then unblended_cost else cast(0 as decimal(38, 18)) end
            else unblended_cost
        end as effective_cost,
        case line_item_type
            when 'SavingsPlanRecurringFee'
                then cast(
                    cast(coalesce(savings_plan_commitment, 0) as decimal(36, 18)) - cast(coalesce(savings_plan_used_commitment, 0) as decimal(36, 18))
                    as decimal(38, 18)
                )
            when 'RIFee'
                then cast(
                    cast(coalesce(reservation_unused_upfront_fee, 0) as decimal(36, 18)) + cast(coalesce(reservation_unused_recurring_fee, 0) as decimal(36, 18))
                    as decimal(38, 18)
                )
        end as unused_cost
    from line_items
),

-- A commitment's fee says two things: what is invoiced, and how much of the commitment nobody used.
told as (
    select
        costed.*,
        line_id as cost_row_id,
        unblended_cost as billed,
        effective_cost as effective,
        list_cost as listed,
        case
            when line_item_type in ('RIFee', 'SavingsPlanRecurringFee', 'SavingsPlanUpfrontFee', 'Fee') then 'Purchase'
            when line_item_type = 'Refund' and commitment_id is not null then 'Purchase'
            when line_item_type in ('Usage', 'DiscountedUsage', 'SavingsPlanCoveredUsage', 'SavingsPlanNegation', 'Refund') then 'Usage'
            when line_item_type like '%Discount' then 'Usage'
            else line_item_type
        end as category,
        case when line_item_type in ('DiscountedUsage', 'SavingsPlanCoveredUsage', 'SavingsPlanNegation') then 'Used' end as commitment_status
    from costed
    union all
    select
        costed.*,
        line_id || ':unused' as cost_row_id,
        cast(0 as decimal(38, 18)) as billed,
        unused_cost as effective,
        cast(null as decimal(38, 18)) as listed,
        'Usage' as category,
        'Unused' as commitment_status
    from costed
    where unused_cost <> 0
)

select
    source_system,
    cost_row_id,
    file_id,
    'AWS' as provider,
    coalesce(
        invoicing_entity,
        case when billing_entity = 'AWS' then legal_entity end,
        'Amazon Web Services, Inc.'
    ) as invoice_issuer,
    case when billing_entity = 'AWS' then 'AWS' else coalesce(legal_entity, billing_entity) end as publisher,
    billing_account_id,
    sub_account_id,
    invoice_id,
    billing_period_start,
    billing_period_end,
    used_from as charge_period_start,
    used_to as charge_period_end,
    line_item_type as charge_type,
    category as charge_category,
    case when cast(used_from as date) < billing_period_start then 'Correction' end as charge_class,
    description as charge_description,
    cast(null as {{ dbt.type_string() }}) as service_category,
    product_name as cloud_service,
    resource_id,
    cast(null as {{ dbt.type_string() }}) as allocated_resource_id,
    region_id,
    commitment_id as commitment_discount_id,
    commitment_status as commitment_discount_status,
    currency,
    billed as billed_cost,
    effective as effective_cost,
    listed as list_cost,
    cast(null as decimal(38, 18)) as contracted_cost,
    tags,
    cast(null as {{ dbt.type_string() }}) as allocated_tags
from told
