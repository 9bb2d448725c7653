-- The service that paged, those that a custom field names, and those whose own incidents were merged into this one.
with incidents as (

    select
        incident_id,
        service_id,
        merged_into_incident_id
    from {{ ref('int_incidents') }}

),

names as (

    select
        identifier as service_name,
        service_id
    from {{ ref('int_service_identifiers') }}
    where tool = 'pagerduty'
    union
    select
        service_id as service_name,
        service_id
    from {{ ref('int_service_ownership') }}

),

known_names as (

    select
        service_name,
        min(service_id) as service_id
    from names
    group by service_name

),

affected as (

    select
        fields.incident_id,
        known_names.service_id
    from {{ ref('int_incident_fields') }} as fields
    inner join known_names on lower(trim(fields.field_value)) = known_names.service_name
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
