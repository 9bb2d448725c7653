-- The newest revision is the item; a CSV, which shows no revisions, counts where the report does not know the item.
{{ config(materialized='view') }}

with ranked as (

    select
        organization,
        project,
        work_item_id,
        work_item_type,
        title,
        state,
        reason,
        area_path,
        parent_id,
        points,
        priority,
        tags,
        author_id,
        created_at,
        changed_at,
        activated_at,
        closed_at,
        due_at,
        is_deleted,
        row_number() over (
            partition by coalesce(organization, ''), work_item_id
            order by coalesce(revision, 0) desc, changed_at desc
        ) as newest_first
    from {{ ref('stg_azure_devops__work_items') }}

)

select
    'azure_devops' as source_system,
    coalesce(organization || '/', '') || cast(work_item_id as string) as item_key,
    cast(null as string) as repository,
    project as project_key,
    work_item_type as type_raw,
    state as status_id,
    state as status_name,
    cast(null as string) as status_category,
    -- Reason tells why it is in its state, and so how it ended only where it has ended.
    case
        when lower(state) = 'removed' then 'removed'
        when lower(state) in ('closed', 'done', 'completed', 'resolved') then reason
    end as resolution,
    priority,
    cast(null as string) as found_in,
    substring(title, 1, 200) as title,
    '["' || replace(replace(translate(tags, chr(34) || chr(92), '  '), '; ', ';'), ';', '","') || '"]' as labels,
    '["' || translate(area_path, chr(34) || chr(92), ' /') || '"]' as components,
    cast(null as string) as linked_types,
    coalesce(organization || '/', '') || cast(parent_id as string) as epic_key,
    cast(null as string) as epic_title,
    points,
    author_id as reporter_id,
    cast(null as string) as reporter_group,
    created_at,
    activated_at as told_started_at,
    closed_at as told_done_at,
    {{ business_date('due_at') }} as told_due_date,
    cast(null as bigint) as logged_seconds,
    cast(null as bigint) as logged_by_count,
    cast(null as boolean) as is_sla_breached,
    case when is_deleted then 'deleted' end as exclusion_reason
from ranked
where newest_first = 1
