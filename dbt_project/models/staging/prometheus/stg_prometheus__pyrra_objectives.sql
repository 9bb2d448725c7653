with

source as (

    select * from {{ source('raw_prometheus', 'pyrra_objectives') }}

)

select
    slo_name,
    namespace,
    service,
    description,
    cast(target_percent / 100 as decimal(18, 9)) as objective,
    {{ slo_window('window_duration', 'count') }} as window_count,
    {{ slo_window('window_duration', 'unit') }} as window_unit,
    indicator as query,
    valid_from
from source
