{{ config(severity='error', meta={'description': 'One row per issuer, account, billing period and currency whose charges or effective costs in the roll-up are not those of the charges in FOCUS terms.'}) }}

with delivered as (
    select
        invoice_issuer,
        billing_account_id,
        billing_period_start,
        currency,
        count(*) as charge_rows,
        sum(effective_cost) as effective_cost
    from {{ ref('int_cost_charges') }}
    group by
        invoice_issuer,
        billing_account_id,
        billing_period_start,
        currency
),

rolled_up as (
    select
        invoice_issuer,
        billing_account_id,
        billing_period_start,
        currency,
        sum(charge_rows) as charge_rows,
        sum(effective_cost) as effective_cost
    from {{ ref('int_cost_daily') }}
    group by
        invoice_issuer,
        billing_account_id,
        billing_period_start,
        currency
)

select
    coalesce(delivered.invoice_issuer, rolled_up.invoice_issuer) as invoice_issuer,
    coalesce(delivered.billing_account_id, rolled_up.billing_account_id) as billing_account_id,
    coalesce(delivered.billing_period_start, rolled_up.billing_period_start) as billing_period_start,
    coalesce(delivered.currency, rolled_up.currency) as currency,
    delivered.charge_rows as delivered_rows,
    rolled_up.charge_rows as rolled_up_rows,
    delivered.effective_cost as delivered_effective_cost,
    rolled_up.effective_cost as rolled_up_effective_cost
from delivered
full outer join rolled_up
    on
        rolled_up.invoice_issuer = delivered.invoice_issuer
        and rolled_up.billing_account_id = delivered.billing_account_id
        and rolled_up.billing_period_start = delivered.billing_period_start
        and rolled_up.currency = delivered.currency
where
    delivered.charge_rows is distinct from rolled_up.charge_rows
    or delivered.effective_cost is distinct from rolled_up.effective_cost
