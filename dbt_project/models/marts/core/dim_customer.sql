with customers as (
    select * from {{ ref('stg_usage__customers') }}
),

activity as (
    select * from {{ ref('int_customer_activity') }}
),

drivers as (
    select * from {{ ref('int_usage_drivers') }}
),

costs as (
    select * from {{ ref('fct_cloud_cost_daily') }}
),

seen as (
    select customer_id, true as is_listed, false as has_usage, false as has_direct_cost from customers
    union all
    select customer_id, false as is_listed, true as has_usage, false as has_direct_cost from activity
    union all
    select customer_id, false as is_listed, true as has_usage, false as has_direct_cost from drivers
    union all
    select customer_id, false as is_listed, false as has_usage, true as has_direct_cost from costs where customer_id is not null
),

known as (
    select
        customer_id,
        bool_or(is_listed) as is_listed,
        bool_or(has_usage) as has_usage,
        bool_or(has_direct_cost) as has_direct_cost
    from seen
    group by customer_id
)

select
    known.customer_id,
    coalesce(customers.customer_name, known.customer_id) as customer_name,
    coalesce(customers.segment, 'unmapped') as segment,
    customers.plan,
    customers.region,
    customers.started_date,
    customers.ended_date,
    known.is_listed,
    known.has_usage,
    known.has_direct_cost
from known
left join customers on customers.customer_id = known.customer_id
