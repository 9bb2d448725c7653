with issues as (

    select
        issue_id,
        issue_key,
        project_key,
        issue_type_id,
        issue_type,
        hierarchy_level,
        title,
        status_id,
        status,
        status_category,
        status_category_changed_at,
        resolution,
        resolved_at,
        priority,
        labels,
        components,
        links,
        parent_key,
        parent_summary,
        due_date,
        story_points,
        found_in,
        actual_start_at,
        actual_end_at,
        time_spent_seconds,
        reporter_id,
        reporter_group,
        created_at
    from {{ ref('stg_jira__issues') }}

),

custom_values as (

    select
        issue_id,
        max(case when meaning = 'points' and {{ matches_pattern('value_text', "'^-?[0-9]+([.][0-9]+)?$'") }} then value_text end)
            as points,
        max(case when meaning = 'epic' then value_text end) as epic_key,
        max(case when meaning = 'found_in' then coalesce({{ json_text(valid_json('value_text'), 'value') }}, value_text) end)
            as found_in,
        max(case when meaning = 'actual_start' then {{ instant_from_text('value_text') }} end) as actual_start_at,
        max(case when meaning = 'actual_end' then {{ instant_from_text('value_text') }} end) as actual_end_at
    from {{ ref('int_jira_custom_values') }}
    group by issue_id

),

linked as (

    {{ explode_json_array('issues', ['issue_id'], 'links', 'link') }}

),

linked_types as (

    select
        issue_id,
        -- Types are plain words: a list of them needs no more than quotes to be JSON.
        '["' || replace({{ distinct_list_text('linked_type') }}, '|', '","') || '"]' as linked_types
    from (
        select
            issue_id,
            replace(replace(coalesce(
                {{ json_text('link', 'inwardIssue.fields.issuetype.name') }},
                {{ json_text('link', 'outwardIssue.fields.issuetype.name') }}
            ), '"', ''), chr(92), '') as linked_type
        from linked
    ) as told
    where linked_type is not null
    group by issue_id

),

-- Folders are named by an issue's id or by its key.
names as (

    select
        issue_id,
        issue_id as name
    from issues
    union all
    select
        issue_id,
        issue_key as name
    from issues

),

logged as (

    select
        names.issue_id,
        sum(worklogs.time_spent_seconds) as logged_seconds,
        count(distinct worklogs.author_id) as logged_by_count
    from {{ ref('stg_jira__worklogs') }} as worklogs
    inner join names on worklogs.issue_id = names.name
    group by names.issue_id

),

slas as (

    select
        issue_id,
        sla_id,
        completed_cycles,
        is_ongoing,
        ongoing_is_breached
    from {{ ref('stg_jira__request_slas') }}

),

ended_cycles as (

    {{ explode_json_array('slas', ['issue_id', 'sla_id'], 'completed_cycles', 'cycle') }}

),

-- An SLA that was missed once was missed, however often its request was opened again.
cycles as (

    select
        issue_id,
        case when {{ json_text('cycle', 'breached') }} = 'true' then 1 else 0 end as is_breached
    from ended_cycles
    union all
    select
        issue_id,
        case when ongoing_is_breached then 1 else 0 end as is_breached
    from slas
    where is_ongoing

),

promised as (

    select
        names.issue_id,
        max(cycles.is_breached) = 1 as is_sla_breached
    from cycles
    inner join names on cycles.issue_id = names.name
    group by names.issue_id

),

types as (

    select
        issue_type_id,
        issue_type,
        hierarchy_level
    from {{ ref('stg_jira__issue_types') }}

),

statuses as (

    select
        status_id,
        status_category
    from {{ ref('stg_jira__statuses') }}

),

staged as (

    select
        issues.issue_id,
        -- The list of statuses is newer than what an old answer said beside its issue.
        {{ jira_category('coalesce(statuses.status_category, issues.status_category)') }} as status_category
    from issues
    left join statuses on issues.status_id = statuses.status_id

)

select
    'jira' as source_system,
    issues.issue_key as item_key,
    cast(null as string) as repository,
    issues.project_key,
    coalesce(types.issue_type, issues.issue_type) as type_raw,
    issues.status_id,
    issues.status as status_name,
    staged.status_category,
    issues.resolution,
    issues.priority,
    coalesce(custom_values.found_in, issues.found_in) as found_in,
    issues.title,
    issues.labels,
    issues.components,
    linked_types.linked_types,
    coalesce(custom_values.epic_key, issues.parent_key) as epic_key,
    -- Where issues name their epic by its key alone, the epic itself says its title. An epic is about what its title says.
    coalesce(
        epics.title,
        issues.parent_summary,
        case when coalesce(types.hierarchy_level, issues.hierarchy_level) >= 1 then issues.title end
    ) as epic_title,
    coalesce(cast(custom_values.points as double), issues.story_points) as points,
    issues.reporter_id,
    issues.reporter_group,
    issues.created_at,
    coalesce(
        custom_values.actual_start_at,
        issues.actual_start_at,
        case when staged.status_category = 'in_progress' then issues.status_category_changed_at end
    ) as told_started_at,
    case
        when staged.status_category = 'done'
            then coalesce(
                custom_values.actual_end_at,
                issues.actual_end_at,
                issues.status_category_changed_at,
                issues.resolved_at
            )
    end as told_done_at,
    issues.due_date as told_due_date,
    -- What the issue says knows of entries that were deleted again.
    cast(coalesce(issues.time_spent_seconds, logged.logged_seconds) as bigint) as logged_seconds,
    logged.logged_by_count,
    promised.is_sla_breached,
    cast(null as string) as exclusion_reason
from issues
inner join staged on issues.issue_id = staged.issue_id
left join custom_values on issues.issue_id = custom_values.issue_id
left join linked_types on issues.issue_id = linked_types.issue_id
left join types on issues.issue_type_id = types.issue_type_id
left join issues as epics on coalesce(custom_values.epic_key, issues.parent_key) = epics.issue_key
left join logged on issues.issue_id = logged.issue_id
left join promised on issues.issue_id = promised.issue_id
