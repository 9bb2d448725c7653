with listed as (

    select
        service_id,
        depends_on_service_id
    from {{ ref('stg_catalogue__service_dependencies') }}

),

components as (

    select
        entity_name,
        depends_on
    from {{ ref('stg_catalogue__backstage_entities') }}
    where kind = 'component' and depends_on is not null

),

needs as (

    {{ explode_json_array('components', ['entity_name'], 'depends_on', 'reference') }}

),

listed_services as (

    select distinct service_id
    from listed

),

annotated as (

    select
        needs.entity_name as service_id,
        nullif(regexp_extract(lower(needs.reference), '([^/:]+)$', 1), '') as depends_on_service_id
    from needs
    left join listed_services on needs.entity_name = listed_services.service_id
    where
        listed_services.service_id is null
        -- A reference without a kind means a component; resources (databases, queues) are no services.
        and (needs.reference not like '%:%' or lower(needs.reference) like 'component:%')

)

select
    service_id,
    depends_on_service_id
from listed where service_id <> depends_on_service_id
union
select
    service_id,
    depends_on_service_id
from annotated
where depends_on_service_id is not null and service_id <> depends_on_service_id
