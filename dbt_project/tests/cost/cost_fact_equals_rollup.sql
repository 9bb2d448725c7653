{{ config(severity='error', meta={'description': 'One row per issuer, billing period and currency whose costs in the fact are not those of the roll-up: a rule, a rate or an owner that matched a row twice, or not at all.'}) }}

with rolled_up as (
    select
        invoice_issuer,
        billing_period_start,
        currency,
        sum(charge_rows) as charge_rows,
        sum(billed_cost) as billed_cost,
        sum(effective_cost) as effective_cost
    from {{ ref('int_cost_daily') }}
    group by
        invoice_issuer,
        billing_period_start,
        currency
),

fact as (
    select
        invoice_issuer,
        billing_period_start,
        currency,
        sum(charge_rows) as charge_rows,
        sum(billed_cost) as billed_cost,
        sum(effective_cost) as effective_cost
    from {{ ref('fct_cloud_cost_daily') }}
    group by
        invoice_issuer,
        billing_period_start,
        currency
)

select
    rolled_up.invoice_issuer,
    rolled_up.billing_period_start,
    rolled_up.currency,
    rolled_up.billed_cost as rolled_up_billed_cost,
    fact.billed_cost as fact_billed_cost
from rolled_up
left join fact
    on
        fact.invoice_issuer = rolled_up.invoice_issuer
        and fact.billing_period_start = rolled_up.billing_period_start
        and fact.currency = rolled_up.currency
where
    fact.charge_rows is distinct from rolled_up.charge_rows
    or fact.billed_cost is distinct from rolled_up.billed_cost
    or fact.effective_cost is distinct from rolled_up.effective_cost
