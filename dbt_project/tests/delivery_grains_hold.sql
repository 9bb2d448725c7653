-- A row here is a key that stands twice in a model that promises it once, or a day on which a service or team has two
-- rows. What joins these models would count such a record twice.
with keys as (

    select
        'int_deployments' as model_name,
        deployment_id as record_key
    from {{ ref('int_deployments') }}
    union all
    select
        'int_deployment_attempts' as model_name,
        attempt_id as record_key
    from {{ ref('int_deployment_attempts') }}
    union all
    select
        'int_changes' as model_name,
        change_id as record_key
    from {{ ref('int_changes') }}
    union all
    select
        'int_change_services' as model_name,
        change_id || ' ' || service_id as record_key
    from {{ ref('int_change_services') }}
    union all
    select
        'int_commits' as model_name,
        repository || ' ' || sha as record_key
    from {{ ref('int_commits') }}
    union all
    select
        'int_commit_parents' as model_name,
        repository || ' ' || sha || ' ' || cast(parent_index as string) as record_key
    from {{ ref('int_commit_parents') }}
    union all
    select
        'int_pipeline_runs' as model_name,
        run_id || ' ' || cast(attempt as string) as record_key
    from {{ ref('int_pipeline_runs') }}
    union all
    select
        'int_work_items' as model_name,
        work_item_id as record_key
    from {{ ref('int_work_items') }}
    union all
    select
        'int_sprints' as model_name,
        sprint_id as record_key
    from {{ ref('int_sprints') }}
    union all
    select
        'int_incidents' as model_name,
        incident_id as record_key
    from {{ ref('int_incidents') }}
    union all
    select
        'int_incident_services' as model_name,
        incident_id || ' ' || service_id as record_key
    from {{ ref('int_incident_services') }}
    union all
    select
        'int_alerts' as model_name,
        alert_id as record_key
    from {{ ref('int_alerts') }}
    union all
    select
        'int_change_requests' as model_name,
        change_request_id as record_key
    from {{ ref('int_change_requests') }}
    union all
    select
        'int_pages' as model_name,
        page_id as record_key
    from {{ ref('int_pages') }}
    union all
    select
        'int_service_identifiers' as model_name,
        tool || ' ' || identifier as record_key
    from {{ ref('int_service_identifiers') }}

),

periods as (

    select
        'int_service_ownership' as model_name,
        service_id as owner_key,
        valid_from,
        valid_to
    from {{ ref('int_service_ownership') }}
    union all
    select
        'int_team_groups' as model_name,
        team_id as owner_key,
        valid_from,
        valid_to
    from {{ ref('int_team_groups') }}

),

followed as (

    select
        model_name,
        owner_key,
        valid_from,
        valid_to,
        lead(valid_from) over (partition by model_name, owner_key order by valid_from, valid_to) as next_valid_from
    from periods

)

select
    model_name,
    record_key
from keys
group by model_name, record_key
having count(*) > 1
union all
select
    model_name,
    owner_key as record_key
from followed
where next_valid_from < valid_to or valid_from >= valid_to
