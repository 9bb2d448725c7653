with

source as (

    select * from {{ source('raw_lever', 'postings') }}

)

select
    posting_id,
    posting_name,
    coalesce(team, department) as department_name
from source
where not coalesce(is_deleted, false)
