with csv_export as (
    select * from {{ source('raw_opencost', 'csv_export') }}
)

select
    _file_id || ':' || cast(_row as {{ dbt.type_string() }}) as workload_row_id,
    cluster,
    used_on,
    nullif(trim(namespace), '') as namespace,
    nullif(trim(controller_kind), '') as controller_kind,
    nullif(trim(controller), '') as controller,
    nullif(trim(pod), '') as pod,
    total_cost,
    coalesce(nullif(labels, '{}'), label_columns) as tags
from csv_export
