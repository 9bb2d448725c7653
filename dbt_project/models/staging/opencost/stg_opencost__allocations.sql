with allocations as (
    select * from {{ source('raw_opencost', 'allocations') }}
)

select
    _file_id || ':' || cast(_row as {{ dbt.type_string() }}) as workload_row_id,
    cluster,
    window_date as used_on,
    trim(allocation_name) as allocation_name,
    nullif(trim(namespace), '') as namespace,
    nullif(trim(controller_kind), '') as controller_kind,
    nullif(trim(controller), '') as controller,
    nullif(trim(pod), '') as pod,
    total_cost,
    coalesce(cpu_cost_adjustment, 0) <> 0
    or coalesce(ram_cost_adjustment, 0) <> 0
    or coalesce(gpu_cost_adjustment, 0) <> 0
    or coalesce(pv_cost_adjustment, 0) <> 0
    or coalesce(network_cost_adjustment, 0) <> 0
    or coalesce(load_balancer_cost_adjustment, 0) <> 0 as is_adjusted_to_bill,
    coalesce(nullif(labels, '{}'), namespace_labels) as tags
from allocations
