with daily as (
    select * from {{ ref('int_cost_daily_assigned') }}
),

viewed as (
    select
        'as_invoiced' as cost_view,
        billing_period_start as period_start,
        invoice_issuer,
        billing_account_id,
        provider,
        currency,
        service_id,
        team_id,
        cast({{ dbt.date_trunc('month', 'billing_period_start') }} as date) as placed_date,
        assignment,
        customer_id,
        pool_id,
        rule_id,
        unallocated_reason,
        billed_cost as amount,
        billed_cost_reporting as reporting_amount
    from daily
    union all
    select
        'as_incurred' as cost_view,
        cast({{ dbt.date_trunc('month', 'charge_date') }} as date) as period_start,
        invoice_issuer,
        billing_account_id,
        provider,
        currency,
        service_id,
        team_id,
        placed_date,
        assignment,
        customer_id,
        pool_id,
        rule_id,
        unallocated_reason,
        effective_cost as amount,
        effective_cost_reporting as reporting_amount
    from daily
)

select
    cost_view,
    period_start,
    cast({{ dbt.date_trunc('month', 'period_start') }} as date) as period_month,
    invoice_issuer,
    billing_account_id,
    provider,
    currency,
    reporting_amount is not null as is_converted,
    service_id,
    -- Where a service is known, its owner on placed_date is its team.
    case when service_id = 'unmapped' then nullif(team_id, 'unmapped') end as team_id,
    placed_date,
    assignment,
    customer_id,
    pool_id,
    case when unallocated_reason is not null then rule_id end as rule_id,
    unallocated_reason,
    sum(amount) as amount,
    sum(reporting_amount) as reporting_amount
from viewed
group by
    cost_view,
    period_start,
    cast({{ dbt.date_trunc('month', 'period_start') }} as date),
    invoice_issuer,
    billing_account_id,
    provider,
    currency,
    reporting_amount is not null,
    service_id,
    case when service_id = 'unmapped' then nullif(team_id, 'unmapped') end,
    placed_date,
    assignment,
    customer_id,
    pool_id,
    case when unallocated_reason is not null then rule_id end,
    unallocated_reason
