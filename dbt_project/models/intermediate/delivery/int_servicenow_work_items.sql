{#- Tasks of problems, in the columns of int_told_work_items. What a task names for its service is its list of components. -#}
{{ config(materialized='view') }}

select
    'servicenow' as source_system,
    task_number as item_key,
    cast(null as string) as repository,
    coalesce(business_service_id, configuration_item_id) as project_key,
    'problem task' as type_raw,
    state as status_id,
    state as status_name,
    cast(null as string) as status_category,
    cast(null as string) as resolution,
    priority,
    cast(null as string) as found_in,
    title,
    cast(null as string) as labels,
    case
        when coalesce(configuration_item_id, configuration_item, business_service_id, business_service) is not null
            then
                '["'
                || replace(
                    translate(
                        concat_ws(
                            chr(31), configuration_item_id, configuration_item, business_service_id, business_service
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
    coalesce(problem, problem_id) as epic_key,
    cast(null as string) as epic_title,
    cast(null as double) as points,
    cast(null as string) as reporter_id,
    created_at,
    work_started_at as told_started_at,
    closed_at as told_done_at,
    {{ business_date('due_at') }} as told_due_date,
    cast(null as string) as exclusion_reason
from {{ ref('stg_servicenow__problem_tasks') }}
