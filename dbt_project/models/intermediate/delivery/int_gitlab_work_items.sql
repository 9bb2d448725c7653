-- GitLab calls nearly everything an issue: what kind of work that is, its labels say.
{{ config(materialized='view') }}

select
    'gitlab' as source_system,
    repository || '#' || cast(issue_number as string) as item_key,
    repository,
    cast(null as string) as project_key,
    case when issue_type <> 'issue' then issue_type end as type_raw,
    state as status_id,
    state as status_name,
    cast(null as string) as status_category,
    case when duplicate_of is not null then 'duplicate' end as resolution,
    cast(null as string) as priority,
    cast(null as string) as found_in,
    title,
    labels,
    cast(null as string) as components,
    cast(null as string) as linked_types,
    '&' || cast(epic_number as string) as epic_key,
    epic_title,
    weight as points,
    author_id as reporter_id,
    cast(null as string) as reporter_group,
    created_at,
    cast(null as timestamp) as told_started_at,
    case when state = 'closed' then closed_at end as told_done_at,
    due_date as told_due_date,
    cast(null as bigint) as logged_seconds,
    cast(null as bigint) as logged_by_count,
    cast(null as boolean) as is_sla_breached,
    cast(null as string) as exclusion_reason
from {{ ref('stg_gitlab__issues') }}
