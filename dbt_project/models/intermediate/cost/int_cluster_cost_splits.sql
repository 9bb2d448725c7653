with workloads as (
    select * from {{ ref('int_cluster_workloads') }}
),

tag_sets as (
    select * from {{ ref('int_cost_tag_sets') }}
),

named as (
    select
        workloads.source_system,
        workloads.cluster,
        workloads.used_on,
        workloads.workload_kind,
        workloads.namespace,
        workloads.workload,
        tag_sets.customer_tag as customer_id,
        tag_sets.service_tag,
        tag_sets.team_tag,
        workloads.is_adjusted_to_bill,
        sum(workloads.told_cost) as told_cost
    from workloads
    left join tag_sets on tag_sets.tags = workloads.tags
    group by
        workloads.source_system,
        workloads.cluster,
        workloads.used_on,
        workloads.workload_kind,
        workloads.namespace,
        workloads.workload,
        tag_sets.customer_tag,
        tag_sets.service_tag,
        tag_sets.team_tag,
        workloads.is_adjusted_to_bill
)

select
    source_system,
    cluster,
    used_on,
    workload_kind,
    namespace,
    workload,
    customer_id,
    service_tag,
    team_tag,
    is_adjusted_to_bill,
    told_cost,
    sum(told_cost) over (partition by source_system, cluster, used_on) as told_cluster_cost,
    max(case when workload_kind = 'idle' then 1 else 0 end) over (partition by source_system, cluster, used_on) = 1 as is_idle_told
from named
