-- The service that paged, those that a field names, and those whose own incidents were merged into this one.
with incidents as (

    select
        source_system,
        incident_id,
        service_id,
        merged_into_incident_id
    from {{ ref('int_incidents') }}

),

systems as (

    select distinct source_system
    from incidents

),

names as (

    select
        tool as source_system,
        identifier as service_name,
        service_id
    from {{ ref('int_service_identifiers') }}
    union
    select
        systems.source_system,
        ownership.service_id as service_name,
        ownership.service_id
    from {{ ref('int_service_ownership') }} as ownership
    cross join systems

),

known_names as (

    select
        source_system,
        service_name,
        min(service_id) as service_id
    from names
    group by source_system, service_name

),

affected as (

    select
        fields.incident_id,
        known_names.service_id
    from {{ ref('int_incident_fields') }} as fields
    inner join known_names
        on
            fields.source_system = known_names.source_system
            and lower(trim(fields.field_value)) = known_names.service_name
    where fields.meaning = 'affected_services'
    union
    select
        merged_into_incident_id as incident_id,
        service_id
    from incidents
    where merged_into_incident_id is not null and service_id <> 'unmapped'
    union
    select
        incident_id,
        service_id
    from incidents
    where service_id <> 'unmapped'

)

select
    incidents.incident_id,
    coalesce(affected.service_id, 'unmapped') as service_id
from incidents
left join affected on incidents.incident_id = affected.incident_id
