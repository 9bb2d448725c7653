{{ config(severity='error', meta={'description': 'One row per system, account, billing period and currency whose billed cost in the roll-up is not that of the raw table.'}) }}

with focus_charges as (
    select * from {{ source('raw_focus', 'charges') }}
),

aws_line_items as (
    select * from {{ source('raw_aws_cur', 'line_items') }}
),

azure_charges as (
    select * from {{ source('raw_azure_cost', 'charges') }}
),

gcp_charges as (
    select * from {{ source('raw_gcp_billing', 'charges') }}
),

gcp_credits as (
    {{ explode_json_array('gcp_charges', ['billing_account_id', 'invoice_month', 'currency'], 'credits', 'credit') }}
),

-- Each dialect's own total of the invoice, from the raw table alone: no model's reading of it has a part in this.
amounts as (
    select
        'focus' as source_system,
        trim(billing_account_id) as billing_account_id,
        cast(billing_period_start as date) as billing_period_start,
        upper(trim(billing_currency)) as currency,
        billed_cost
    from focus_charges
    union all
    select
        'aws_cur' as source_system,
        trim(bill_payer_account_id) as billing_account_id,
        cast(bill_billing_period_start_date as date) as billing_period_start,
        upper(trim(line_item_currency_code)) as currency,
        line_item_unblended_cost as billed_cost
    from aws_line_items
    where
        coalesce(line_item_operation, '') not in ('EKSPod-EC2', 'ECSTask-EC2')
        and coalesce(trim(split_line_item_parent_resource_id), '') = ''
    union all
    select
        'azure_cost' as source_system,
        trim(billing_account_id) as billing_account_id,
        billing_period_start,
        upper(trim(currency)) as currency,
        cost as billed_cost
    from azure_charges
    where
        cost_view = 'actual'
        or not exists (
            select 1
            from azure_charges as invoiced
            where
                invoiced.cost_view = 'actual'
                and trim(invoiced.billing_account_id) = trim(azure_charges.billing_account_id)
                and invoiced.billing_period_start = azure_charges.billing_period_start
        )
    union all
    select
        'gcp_billing' as source_system,
        trim(billing_account_id) as billing_account_id,
        cast(substring(invoice_month, 1, 4) || '-' || substring(invoice_month, 5, 2) || '-01' as date) as billing_period_start,
        upper(trim(currency)) as currency,
        cost as billed_cost
    from gcp_charges
    union all
    -- A credit whose amount is no number stops the build here, instead of being left out in silence.
    select
        'gcp_billing' as source_system,
        trim(billing_account_id) as billing_account_id,
        cast(substring(invoice_month, 1, 4) || '-' || substring(invoice_month, 5, 2) || '-01' as date) as billing_period_start,
        upper(trim(currency)) as currency,
        cast({{ json_text('credit', 'amount') }} as decimal(38, 18)) as billed_cost
    from gcp_credits
),

delivered as (
    select
        source_system,
        billing_account_id,
        billing_period_start,
        currency,
        sum(billed_cost) as billed_cost
    from amounts
    group by
        source_system,
        billing_account_id,
        billing_period_start,
        currency
),

rolled_up as (
    select
        source_system,
        billing_account_id,
        billing_period_start,
        currency,
        sum(billed_cost) as billed_cost
    from {{ ref('int_cost_daily') }}
    group by
        source_system,
        billing_account_id,
        billing_period_start,
        currency
)

select
    coalesce(delivered.source_system, rolled_up.source_system) as source_system,
    coalesce(delivered.billing_account_id, rolled_up.billing_account_id) as billing_account_id,
    coalesce(delivered.billing_period_start, rolled_up.billing_period_start) as billing_period_start,
    coalesce(delivered.currency, rolled_up.currency) as currency,
    delivered.billed_cost as delivered_billed_cost,
    rolled_up.billed_cost as rolled_up_billed_cost
from delivered
full outer join rolled_up
    on
        rolled_up.source_system = delivered.source_system
        and rolled_up.billing_account_id = delivered.billing_account_id
        and rolled_up.billing_period_start = delivered.billing_period_start
        and rolled_up.currency = delivered.currency
where delivered.billed_cost is distinct from rolled_up.billed_cost
