{#- Money that the bill has already, told a second time by workload: never added to a charge. -#}
with allocations as (
    select * from {{ ref('stg_opencost__allocations') }}
),

csv_export as (
    select * from {{ ref('stg_opencost__csv_export') }}
),

line_items as (
    select * from {{ ref('stg_aws_cur__line_items') }}
    -- A pod that the agent saw and no instance carried: nothing of anybody's cost.
    where is_split_line and not (parent_resource_id is null and coalesce(split_cost, 0) = 0)
),

by_api as (
    select distinct cluster, used_on from allocations
),

told as (
    select
        'opencost' as source_system,
        workload_row_id,
        cluster,
        used_on,
        case
            when replace(allocation_name, '__idle__', '') <> allocation_name then 'idle'
            when replace(replace(allocation_name, '__unallocated__', ''), '__unmounted__', '') <> allocation_name then 'unallocated'
            else 'workload'
        end as workload_kind,
        coalesce(namespace, allocation_name) as namespace,
        controller as workload,
        pod,
        tags,
        total_cost as told_cost,
        is_adjusted_to_bill
    from allocations
    union all
    -- The API is the fuller telling: the CSV export counts on days that it has alone.
    select
        'opencost' as source_system,
        csv_export.workload_row_id,
        csv_export.cluster,
        csv_export.used_on,
        'workload' as workload_kind,
        csv_export.namespace,
        csv_export.controller as workload,
        csv_export.pod,
        csv_export.tags,
        csv_export.total_cost as told_cost,
        false as is_adjusted_to_bill
    from csv_export
    left join by_api
        on
            by_api.cluster = csv_export.cluster
            and by_api.used_on = csv_export.used_on
    where by_api.cluster is null
    union all
    -- arn:aws:eks:<region>:<account>:pod/<cluster>/<namespace>/<pod>/<uid>; a task of ECS has its cluster in the same place.
    select
        source_system,
        line_id as workload_row_id,
        coalesce(nullif({{ dbt.split_part('resource_id', "'/'", 2) }}, ''), parent_resource_id) as cluster,
        cast(used_from as date) as used_on,
        'workload' as workload_kind,
        nullif({{ dbt.split_part('resource_id', "'/'", 3) }}, '') as namespace,
        {{ json_text(valid_json('tags'), 'aws_eks_workload_name') }} as workload,
        nullif({{ dbt.split_part('resource_id', "'/'", 4) }}, '') as pod,
        tags,
        cast(
            cast(coalesce(split_cost, 0) as decimal(36, 18)) + cast(coalesce(split_unused_cost, 0) as decimal(36, 18)) as decimal(38, 18)
        ) as told_cost,
        true as is_adjusted_to_bill
    from line_items
)

select
    source_system,
    workload_row_id,
    cluster,
    used_on,
    workload_kind,
    namespace,
    workload,
    pod,
    tags,
    told_cost,
    is_adjusted_to_bill
from told
