{#- Tasks of problems, in the columns of int_told_work_items: the table API's telling comes before a list export's. What a task
    names for its service is its list of components. -#}
{{ config(materialized='view') }}

with api_tasks as (

    select
        tasks.task_number,
        tasks.title,
        tasks.state,
        tasks.priority,
        coalesce(problems.problem_number, tasks.problem, tasks.problem_id) as problem,
        tasks.business_service_id,
        tasks.business_service,
        tasks.configuration_item_id,
        tasks.configuration_item,
        tasks.created_at,
        tasks.due_at,
        tasks.work_started_at,
        tasks.closed_at
    from {{ ref('stg_servicenow__problem_tasks') }} as tasks
    left join {{ ref('int_servicenow_problems') }} as problems on tasks.problem_id = problems.problem_id

),

tasks as (

    select * from api_tasks
    union all
    select
        exports.task_number,
        exports.title,
        exports.state,
        exports.priority,
        exports.problem,
        cast(null as string) as business_service_id,
        exports.business_service,
        cast(null as string) as configuration_item_id,
        exports.configuration_item,
        exports.created_at,
        exports.due_at,
        exports.work_started_at,
        exports.closed_at
    from {{ ref('stg_servicenow__problem_task_exports') }} as exports
    left join api_tasks on exports.task_number = api_tasks.task_number
    where api_tasks.task_number is null

)

select
    'servicenow' as source_system,
    tasks.task_number as item_key,
    cast(null as string) as repository,
    coalesce(
        tasks.business_service_id, tasks.configuration_item_id, tasks.business_service, tasks.configuration_item
    ) as project_key,
    'problem task' as type_raw,
    tasks.state as status_id,
    tasks.state as status_name,
    cast(null as string) as status_category,
    cast(null as string) as resolution,
    tasks.priority,
    cast(null as string) as found_in,
    tasks.title,
    cast(null as string) as labels,
    case
        when coalesce(
            tasks.configuration_item_id, tasks.configuration_item, tasks.business_service_id, tasks.business_service
        ) is not null
            then
                '["'
                || replace(
                    translate(
                        concat_ws(
                            chr(31),
                            tasks.configuration_item_id,
                            tasks.configuration_item,
                            tasks.business_service_id,
                            tasks.business_service
                        ),
                        chr(34) || chr(92),
                        '  '
                    ),
                    chr(31),
                    '","'
                )
                || '"]'
    end as components,
    cast(null as string) as linked_types,
    tasks.problem as epic_key,
    problems.title as epic_title,
    cast(null as double) as points,
    cast(null as string) as reporter_id,
    cast(null as string) as reporter_group,
    tasks.created_at,
    tasks.work_started_at as told_started_at,
    tasks.closed_at as told_done_at,
    {{ business_date('tasks.due_at') }} as told_due_date,
    cast(null as bigint) as logged_seconds,
    cast(null as bigint) as logged_by_count,
    cast(null as boolean) as is_sla_breached,
    cast(null as string) as exclusion_reason
from tasks
left join {{ ref('int_servicenow_problems') }} as problems on tasks.problem = problems.problem_number
