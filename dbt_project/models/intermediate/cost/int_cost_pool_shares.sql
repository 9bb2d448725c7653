with assignments as (
    select * from {{ ref('int_cost_assignments') }}
),

pools as (
    select * from {{ ref('cost_pools') }}
),

drivers as (
    select * from {{ ref('int_usage_drivers') }}
),

activity as (
    select * from {{ ref('int_customer_activity') }}
),

pool_months as (
    select distinct
        assignments.period_month,
        assignments.pool_id,
        coalesce(pools.driver_pool_id, assignments.pool_id) as driver_pool_id,
        pools.driver as chosen_driver
    from assignments
    left join pools on pools.pool_id = assignments.pool_id
    where assignments.assignment = 'pool'
),

measured_drivers as (
    select
        usage_month,
        pool_id,
        count(distinct driver) as driver_count,
        min(driver) as only_driver
    from drivers
    group by
        usage_month,
        pool_id
),

driven as (
    select
        pool_months.period_month,
        pool_months.pool_id,
        pool_months.driver_pool_id,
        coalesce(measured_drivers.driver_count, 0) as driver_count,
        coalesce(
            pool_months.chosen_driver,
            case when measured_drivers.driver_count = 1 then measured_drivers.only_driver end
        ) as driver
    from pool_months
    left join measured_drivers
        on
            measured_drivers.usage_month = pool_months.period_month
            and measured_drivers.pool_id = pool_months.driver_pool_id
),

-- Weights are whole millionths, so that shares can be worked out in whole numbers, alike on every engine.
weights as (
    select
        driven.period_month,
        driven.pool_id,
        drivers.customer_id,
        cast(round(sum(drivers.amount), 6) * 1000000 as decimal(22, 0)) as weight
    from driven
    inner join drivers
        on
            drivers.usage_month = driven.period_month
            and drivers.pool_id = driven.driver_pool_id
            and drivers.driver = driven.driver
    group by
        driven.period_month,
        driven.pool_id,
        drivers.customer_id
),

totals as (
    select
        period_month,
        pool_id,
        cast(sum(weight) as decimal(22, 0)) as total_weight,
        min(weight) as smallest_weight
    from weights
    group by
        period_month,
        pool_id
),

judged as (
    select
        driven.period_month,
        driven.pool_id,
        driven.driver,
        totals.total_weight,
        case
            when driven.driver is null and driven.driver_count > 1 then 'several_drivers'
            when totals.total_weight is null then 'no_driver'
            when totals.smallest_weight < 0 then 'negative_driver'
            when totals.total_weight = 0 then 'driver_is_zero'
        end as obstacle
    from driven
    left join totals
        on
            totals.period_month = driven.period_month
            and totals.pool_id = driven.pool_id
),

active as (
    select
        activity_month,
        customer_id,
        count(*) over (partition by activity_month) as active_customers
    from activity
    where is_active
),

by_driver as (
    select
        judged.period_month,
        judged.pool_id,
        weights.customer_id,
        'driver' as method,
        judged.driver,
        weights.weight,
        judged.total_weight
    from judged
    inner join weights
        on
            weights.period_month = judged.period_month
            and weights.pool_id = judged.pool_id
    where judged.obstacle is null and weights.weight > 0
),

spread_evenly as (
    select
        judged.period_month,
        judged.pool_id,
        active.customer_id,
        'even_split' as method,
        judged.driver,
        cast(1 as decimal(22, 0)) as weight,
        cast(active.active_customers as decimal(22, 0)) as total_weight
    from judged
    inner join active on active.activity_month = judged.period_month
    where
        judged.obstacle is not null
        and {{ 'true' if var('cost_even_split_without_driver') else 'false' }}
),

shared as (
    select * from by_driver
    union all
    select * from spread_evenly
),

shared_pools as (
    select distinct period_month, pool_id from shared
)

select
    period_month,
    pool_id,
    customer_id,
    method,
    driver,
    weight,
    total_weight,
    cast(null as {{ dbt.type_string() }}) as unallocated_reason
from shared
union all
select
    judged.period_month,
    judged.pool_id,
    cast(null as {{ dbt.type_string() }}) as customer_id,
    'none' as method,
    judged.driver,
    cast(null as decimal(22, 0)) as weight,
    cast(null as decimal(22, 0)) as total_weight,
    judged.obstacle as unallocated_reason
from judged
left join shared_pools
    on
        shared_pools.period_month = judged.period_month
        and shared_pools.pool_id = judged.pool_id
where shared_pools.pool_id is null
