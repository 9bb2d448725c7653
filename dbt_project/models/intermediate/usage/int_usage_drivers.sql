with drivers as (
    select * from {{ ref('stg_usage__drivers') }}
),

cluster_splits as (
    select * from {{ ref('int_cluster_cost_splits') }}
),

cluster_pools as (
    select * from {{ ref('cost_cluster_pools') }}
),

-- What workloads of a customer cost is the measure by which their cluster's pool is split. Only the proportions are used: OpenCost's list
-- prices, its idle time and the workloads of nobody then fall on the customers as their own workloads do, and no money is counted twice.
cluster_costs as (
    select
        cast({{ dbt.date_trunc('month', 'cluster_splits.used_on') }} as date) as usage_month,
        cluster_pools.pool_id,
        'cluster_cost' as driver,
        cast(null as {{ dbt.type_string() }}) as service_id,
        cluster_splits.customer_id,
        cast(cluster_splits.told_cost as decimal(38, 9)) as amount
    from cluster_splits
    inner join cluster_pools on cluster_pools.cluster = cluster_splits.cluster
    where cluster_splits.workload_kind = 'workload' and cluster_splits.customer_id is not null
),

measured as (
    select
        usage_month,
        pool_id,
        driver,
        service_id,
        customer_id,
        amount
    from drivers
    union all
    select
        usage_month,
        pool_id,
        driver,
        service_id,
        customer_id,
        amount
    from cluster_costs
)

select
    usage_month,
    pool_id,
    driver,
    service_id,
    customer_id,
    sum(amount) as amount
from measured
group by
    usage_month,
    pool_id,
    driver,
    service_id,
    customer_id
