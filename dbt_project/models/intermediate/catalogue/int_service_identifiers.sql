with listed as (

    select
        tool,
        identifier,
        service_id
    from {{ ref('stg_catalogue__service_identifiers') }}

),

components as (

    select
        entity_name,
        pagerduty_service_id,
        prometheus_service
    from {{ ref('stg_catalogue__backstage_entities') }}
    where kind = 'component'

),

annotated as (

    select
        'pagerduty' as tool,
        pagerduty_service_id as identifier,
        entity_name as service_id
    from components
    where pagerduty_service_id is not null
    union all
    select
        'prometheus' as tool,
        prometheus_service as identifier,
        entity_name as service_id
    from components
    where prometheus_service is not null

),

-- A project of GitLab that is one service says whose its incidents are.
projects as (

    select
        'gitlab' as tool,
        repository as identifier,
        min(service_id) as service_id
    from {{ ref('int_repositories') }}
    group by repository
    having count(distinct service_id) = 1

),

listed_tools as (

    select distinct
        service_id,
        tool
    from listed

),

candidates as (

    select
        tool,
        identifier,
        service_id,
        1 as preference
    from listed
    union all
    select
        annotated.tool,
        annotated.identifier,
        annotated.service_id,
        2 as preference
    from annotated
    left join listed_tools
        on
            annotated.service_id = listed_tools.service_id
            and annotated.tool = listed_tools.tool
    where listed_tools.service_id is null
    union all
    select
        tool,
        identifier,
        service_id,
        3 as preference
    from projects

),

ranked as (

    select
        tool,
        identifier,
        service_id,
        row_number() over (partition by tool, identifier order by preference asc, service_id asc) as rank
    from candidates

)

select
    tool,
    identifier,
    service_id
from ranked
where rank = 1
