with drivers as (
    select * from {{ ref('stg_usage__drivers') }}
)

select
    usage_month,
    pool_id,
    driver,
    service_id,
    customer_id,
    sum(amount) as amount
from drivers
group by
    usage_month,
    pool_id,
    driver,
    service_id,
    customer_id
