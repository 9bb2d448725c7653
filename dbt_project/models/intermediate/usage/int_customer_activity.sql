with activity as (
    select * from {{ ref('stg_usage__customer_activity') }}
)

select
    customer_id,
    activity_month,
    bool_or(coalesce(is_active, transactions > 0, false)) as is_active,
    sum(transactions) as transactions
from activity
group by
    customer_id,
    activity_month
