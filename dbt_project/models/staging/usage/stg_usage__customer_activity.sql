with customer_activity as (
    select * from {{ source('raw_usage', 'customer_activity') }}
)

select
    trim(customer_id) as customer_id,
    cast({{ dbt.date_trunc('month', 'month') }} as date) as activity_month,
    is_active,
    transactions
from customer_activity
