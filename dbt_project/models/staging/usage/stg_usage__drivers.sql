with drivers as (
    select * from {{ source('raw_usage', 'drivers') }}
)

select
    cast({{ dbt.date_trunc('month', 'month') }} as date) as usage_month,
    trim(pool_id) as pool_id,
    trim(driver) as driver,
    trim(service_id) as service_id,
    trim(customer_id) as customer_id,
    amount
from drivers
