{{ config(severity='error', meta={'description': 'One row per cost view, issuer, account, period and currency whose direct, shared and unallocated cost is not the cost of the raw charges.'}) }}

with charges as (
    select * from {{ ref('int_cost_charges') }}
),

exported as (
    select
        'as_invoiced' as cost_view,
        billing_period_start as period_start,
        invoice_issuer,
        billing_account_id,
        currency,
        sum(billed_cost) as cost
    from charges
    group by
        billing_period_start,
        invoice_issuer,
        billing_account_id,
        currency
    union all
    select
        'as_incurred' as cost_view,
        cast({{ dbt.date_trunc('month', business_date('charge_period_start')) }} as date) as period_start,
        invoice_issuer,
        billing_account_id,
        currency,
        sum(effective_cost) as cost
    from charges
    group by
        cast({{ dbt.date_trunc('month', business_date('charge_period_start')) }} as date),
        invoice_issuer,
        billing_account_id,
        currency
),

accounted as (
    select
        cost_view,
        period_start,
        invoice_issuer,
        billing_account_id,
        currency,
        sum(amount) as cost
    from {{ ref('int_cost_allocations') }}
    where allocation in ('direct', 'shared', 'unallocated')
    group by
        cost_view,
        period_start,
        invoice_issuer,
        billing_account_id,
        currency
)

select
    coalesce(exported.cost_view, accounted.cost_view) as cost_view,
    coalesce(exported.period_start, accounted.period_start) as period_start,
    coalesce(exported.invoice_issuer, accounted.invoice_issuer) as invoice_issuer,
    coalesce(exported.billing_account_id, accounted.billing_account_id) as billing_account_id,
    coalesce(exported.currency, accounted.currency) as currency,
    exported.cost as exported_cost,
    accounted.cost as accounted_cost
from exported
full outer join accounted
    on
        accounted.cost_view = exported.cost_view
        and accounted.period_start = exported.period_start
        and accounted.invoice_issuer = exported.invoice_issuer
        and accounted.billing_account_id = exported.billing_account_id
        and accounted.currency = exported.currency
where exported.cost is distinct from accounted.cost
