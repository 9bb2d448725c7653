with

source as (

    select * from {{ source('raw_lever', 'archive_reasons') }}

)

select
    archive_reason_id,
    archive_reason_name,
    {{ slug('archive_reason_type') }} as archive_reason_type
from source
