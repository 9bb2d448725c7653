-- A row here is a source of which more or fewer records reached the intermediate layer than were loaded: what cannot be
-- used is kept there with its reason, never dropped on the way.
with told_incidents as (

    select
        'pagerduty' as source_system,
        incident_id
    from {{ ref('stg_pagerduty__incidents') }}
    union
    select
        'pagerduty' as source_system,
        incident_id
    from {{ ref('stg_pagerduty__raw_incidents') }}
    union
    select
        'opsgenie' as source_system,
        incident_id
    from {{ ref('stg_opsgenie__incidents') }}
    union
    select
        'gitlab' as source_system,
        repository || '#' || cast(issue_number as string) as incident_id
    from {{ ref('stg_gitlab__issues') }}
    where issue_type = 'incident'
    union
    select
        'servicenow' as source_system,
        incident_number as incident_id
    from {{ ref('stg_servicenow__incidents') }}
    union
    select
        'servicenow' as source_system,
        incident_number as incident_id
    from {{ ref('stg_servicenow__incident_exports') }}

),

-- Without an organization, as a CSV may be, an item is told apart by its number alone.
azure_devops_items as (

    select distinct
        coalesce(organization, '') as organization,
        work_item_id
    from {{ ref('stg_azure_devops__work_items') }}

),

servicenow_tasks as (

    select task_number
    from {{ ref('stg_servicenow__problem_tasks') }}
    union
    select task_number
    from {{ ref('stg_servicenow__problem_task_exports') }}

),

counts as (

    {% for system, staged in [
        ('github', 'stg_github__pull_requests'),
        ('azure_devops', 'stg_azure_devops__pull_requests'),
        ('gitlab', 'stg_gitlab__merge_requests'),
        ('bitbucket', 'stg_bitbucket__pull_requests'),
    ] -%}
    select
        'pull requests of {{ system }}' as source_name,
        (select count(*) from {{ ref(staged) }}) as loaded,
        (select count(*) from {{ ref('int_pull_requests') }} where source_system = '{{ system }}') as kept
    union all
    {% endfor -%}
    select
        'pull requests of every system' as source_name,
        (select count(*) from {{ ref('int_pull_requests') }}) as loaded,
        (select count(*) from {{ ref('int_changes') }} where change_kind = 'pull_request') as kept
    union all
    {% for system, staged in [('github', 'stg_github__workflow_runs'), ('azure_devops', 'stg_azure_devops__builds')] -%}
    select
        'runs of {{ system }}' as source_name,
        (select count(*) from {{ ref(staged) }}) as loaded,
        (select count(*) from {{ ref('int_pipeline_attempts') }} where source_system = '{{ system }}') as kept
    union all
    {% endfor -%}
    select
        'runs of bitbucket' as source_name,
        (select count(*) from {{ ref('stg_bitbucket__pipelines') }}) as loaded,
        (
            select count(distinct native_run_id)
            from {{ ref('int_pipeline_attempts') }}
            where source_system = 'bitbucket'
        ) as kept
    union all
    select
        'pipelines of gitlab' as source_name,
        (
            select count(*)
            from (
                select pipeline_id from {{ ref('stg_gitlab__pipelines') }}
                union
                select pipeline_id from {{ ref('stg_gitlab__pipeline_details') }}
            ) as pipelines
        ) as loaded,
        (
            select count(distinct native_run_id) from {{ ref('int_pipeline_attempts') }} where source_system = 'gitlab'
        ) as kept
    union all
    select
        'attempts of runs of every system' as source_name,
        (select count(*) from {{ ref('int_pipeline_attempts') }}) as loaded,
        (select count(*) from {{ ref('int_pipeline_runs') }}) as kept
    union all
    select
        'issues' as source_name,
        (
            (select count(*) from {{ ref('stg_github__issues') }})
            + (select count(*) from {{ ref('stg_jira__issues') }})
            + (select count(*) from {{ ref('stg_gitlab__issues') }})
            + (select count(*) from azure_devops_items)
            + (select count(*) from servicenow_tasks)
        ) as loaded,
        (select count(*) from {{ ref('int_work_items') }}) as kept
    union all
    {% for system in ['github', 'gitlab', 'bitbucket'] -%}
    select
        'deployments of {{ system }}' as source_name,
        (select count(*) from {{ ref('stg_' ~ system ~ '__deployments') }}) as loaded,
        (select count(*) from {{ ref('int_deployment_tellings') }} where source_system = '{{ system }}') as kept
    union all
    {% endfor -%}
    select
        'deployments of every system' as source_name,
        (select count(*) from {{ ref('int_deployment_tellings') }}) as loaded,
        (
            (select coalesce(sum(attempt_count), 0) from {{ ref('int_deployments') }})
            + (select count(*) from {{ ref('int_deployment_attempts') }} where is_echo)
        ) as kept
    union all
    select
        'incidents' as source_name,
        (select count(*) from told_incidents) as loaded,
        (select count(*) from {{ ref('int_incidents') }}) as kept
    union all
    select
        'alerts' as source_name,
        (select count(*) from {{ ref('stg_opsgenie__alerts') }})
        + (select count(*) from {{ ref('int_datadog_alerts') }}) as loaded,
        (select count(*) from {{ ref('int_alerts') }}) as kept
    union all
    select
        'changes with a service, mapped or not' as source_name,
        (select count(*) from {{ ref('int_changes') }}) as loaded,
        (select count(distinct change_id) from {{ ref('int_change_services') }}) as kept

)

select
    source_name,
    loaded,
    kept
from counts
where loaded <> kept
