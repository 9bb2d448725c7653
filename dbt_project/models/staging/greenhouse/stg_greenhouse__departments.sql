with

source as (

    select * from {{ source('raw_greenhouse', 'departments') }}

)

select
    department_id,
    department_name,
    nullif(external_id, '') as external_id
from source
where not coalesce(is_deleted, false)
