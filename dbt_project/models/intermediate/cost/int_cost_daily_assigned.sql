with daily as (
    select * from {{ ref('int_cost_daily') }}
),

kinds as (
    select * from {{ ref('int_charge_kinds') }}
),

rates as (
    select * from {{ ref('int_exchange_rates') }}
),

identifiers as (
    select * from {{ ref('int_service_identifiers') }} where tool = 'focus'
),

ownership as (
    select * from {{ ref('int_service_ownership') }}
),

services as (
    select distinct service_id from ownership
),

team_groups as (
    select * from {{ ref('int_team_groups') }}
),

ruled as (
    select
        daily.*,
        coalesce(identifiers.service_id, services.service_id, 'unmapped') as service_id,
        kinds.rule_id,
        kinds.treatment,
        case
            when kinds.treatment = 'allocate' and daily.customer_tag is not null then 'direct'
            when kinds.treatment = 'allocate' and daily.pool_tag is not null then 'pool'
            when kinds.treatment = 'own_pool' then 'pool'
            else 'unallocated'
        end as assignment,
        case
            when kinds.treatment = 'own_pool' then kinds.rule_pool_id
            when kinds.treatment = 'allocate' and daily.customer_tag is null then daily.pool_tag
        end as pool_id,
        case
            when kinds.treatment = 'exclude_from_unit_cost' then 'excluded_by_rule'
            when kinds.treatment = 'allocate' and daily.customer_tag is null and daily.pool_tag is null then 'untagged'
        end as unallocated_reason,
        coalesce(
            cast({{ dbt.dateadd('day', -1, 'daily.billing_period_end') }} as date),
            cast({{ dbt.last_day('daily.billing_period_start', 'month') }} as date)
        ) as invoice_rate_date
    from daily
    inner join kinds
        on
            kinds.charge_type is not distinct from daily.charge_type
            and kinds.charge_category is not distinct from daily.charge_category
            and kinds.charge_class is not distinct from daily.charge_class
            and kinds.is_commitment is not distinct from daily.is_commitment
            and kinds.commitment_discount_status is not distinct from daily.commitment_discount_status
            and kinds.service_category is not distinct from daily.service_category
            and kinds.cloud_service is not distinct from daily.cloud_service
            and kinds.is_marketplace is not distinct from daily.is_marketplace
            and kinds.is_refund is not distinct from daily.is_refund
    left join identifiers on identifiers.identifier = lower(daily.service_tag)
    left join services on services.service_id = daily.service_tag
)

select
    ruled.charge_date,
    ruled.billing_period_start,
    ruled.source_system,
    ruled.provider,
    ruled.invoice_issuer,
    ruled.billing_account_id,
    ruled.sub_account_id,
    ruled.invoice_id,
    ruled.charge_category,
    ruled.charge_class,
    ruled.is_commitment,
    ruled.commitment_discount_status,
    ruled.service_category,
    ruled.cloud_service,
    ruled.is_marketplace,
    ruled.is_refund,
    ruled.service_tag,
    ruled.service_id,
    ruled.team_tag,
    coalesce(nullif(ownership.team_id, 'unmapped'), team_groups.team_id, 'unmapped') as team_id,
    -- The first day of the month of the charge on which its service was owned, or its team grouped, as on the day of the charge.
    case
        when coalesce(ownership.valid_from, team_groups.valid_from) > cast({{ dbt.date_trunc('month', 'ruled.charge_date') }} as date)
            then coalesce(ownership.valid_from, team_groups.valid_from)
        else cast({{ dbt.date_trunc('month', 'ruled.charge_date') }} as date)
    end as placed_date,
    case when ruled.assignment = 'direct' then ruled.customer_tag end as customer_id,
    ruled.pool_id,
    ruled.rule_id,
    ruled.treatment,
    ruled.assignment,
    ruled.unallocated_reason,
    ruled.charge_rows,
    ruled.currency,
    ruled.billed_cost,
    ruled.effective_cost,
    ruled.list_cost,
    cast('{{ var("reporting_currency") }}' as {{ dbt.type_string() }}) as reporting_currency,
    invoice_rates.rate as billed_rate,
    incurred_rates.rate as effective_rate,
    -- Most cost is in the reporting currency already: it is left as it is, digit by digit.
    case
        when ruled.currency = '{{ var("reporting_currency") }}' then ruled.billed_cost
        else {{ exchanged('ruled.billed_cost', 'invoice_rates.rate') }}
    end as billed_cost_reporting,
    case
        when ruled.currency = '{{ var("reporting_currency") }}' then ruled.effective_cost
        else {{ exchanged('ruled.effective_cost', 'incurred_rates.rate') }}
    end as effective_cost_reporting
from ruled
left join ownership
    on
        ownership.service_id = ruled.service_id
        and ruled.charge_date >= ownership.valid_from
        and ruled.charge_date < ownership.valid_to
left join team_groups
    on
        ownership.service_id is null
        and team_groups.team_id = ruled.team_tag
        and ruled.charge_date >= team_groups.valid_from
        and ruled.charge_date < team_groups.valid_to
left join rates as invoice_rates
    on
        invoice_rates.from_currency = ruled.currency
        and ruled.invoice_rate_date >= invoice_rates.valid_from
        and ruled.invoice_rate_date < invoice_rates.valid_to
left join rates as incurred_rates
    on
        incurred_rates.from_currency = ruled.currency
        and ruled.charge_date >= incurred_rates.valid_from
        and ruled.charge_date < incurred_rates.valid_to
