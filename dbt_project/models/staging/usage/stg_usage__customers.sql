with customers as (
    select * from {{ source('raw_usage', 'customers') }}
),

numbered as (
    select
        trim(customer_id) as customer_id,
        trim(customer_name) as customer_name,
        trim(segment) as segment,
        trim(plan) as plan,
        trim(region) as region,
        started_on as started_date,
        ended_on as ended_date,
        row_number() over (
            partition by trim(customer_id)
            order by
                started_on desc nulls last, ended_on desc nulls first,
                customer_name asc, segment asc, plan asc, region asc
        ) as line
    from customers
)

select
    customer_id,
    customer_name,
    segment,
    plan,
    region,
    started_date,
    ended_date
from numbered
where line = 1
