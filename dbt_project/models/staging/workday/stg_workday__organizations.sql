with

source as (

    select * from {{ source('raw_workday', 'organizations') }}

)

select
    organization_id,
    max(organization_name) as organization_name,
    max(upper(organization_type)) as organization_type,
    max(superior_organization_id) as superior_organization_id,
    max(manager_id) as manager_id
from source
where not coalesce(is_deleted, false)
group by organization_id
