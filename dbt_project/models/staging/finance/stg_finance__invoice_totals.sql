with invoice_totals as (
    select * from {{ source('raw_finance', 'invoice_totals') }}
)

select
    trim(invoice_issuer) as invoice_issuer,
    trim(billing_account_id) as billing_account_id,
    billing_period_start,
    trim(invoice_id) as invoice_id,
    upper(trim(currency)) as currency,
    total
from invoice_totals
