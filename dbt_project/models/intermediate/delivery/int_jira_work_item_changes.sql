with issues as (

    select
        issue_id,
        issue_key,
        issue_type_id,
        status_id,
        due_date,
        sprints,
        active_sprint,
        closed_sprints,
        change_count,
        created_at
    from {{ ref('stg_jira__issues') }}

),

sprints as (

    select
        sprint_id,
        sprint_name
    from {{ ref('stg_jira__sprints') }}

),

-- A name is a sprint only where one sprint alone has it.
named_sprints as (

    select
        sprint_name,
        min(sprint_id) as sprint_id
    from sprints
    where sprint_name is not null
    group by sprint_name
    having count(*) = 1

),

statuses as (

    select
        status_id,
        {{ jira_category('status_category') }} as category
    from {{ ref('stg_jira__statuses') }}
    union all
    -- Where the list of statuses was not delivered, or no longer has it: what issues in that status say.
    select
        told.status_id,
        min({{ jira_category('told.status_category') }}) as category
    from {{ ref('stg_jira__issues') }} as told
    left join {{ ref('stg_jira__statuses') }} as listed on told.status_id = listed.status_id
    where told.status_id is not null and listed.status_id is null
    group by told.status_id

),

-- A folder of changelogs may be named by the id or by the key.
identities as (

    select
        issue_id as identity,
        issue_key,
        created_at
    from issues
    union all
    select
        issue_key as identity,
        issue_key,
        created_at
    from issues

),

histories as (

    select
        identities.issue_key,
        identities.created_at,
        changelogs.history_id,
        case changelogs.field
            when 'status' then 'status'
            when 'issuetype' then 'type'
            when 'duedate' then 'due_date'
            when 'sprint' then 'sprint'
        end as field,
        changelogs.from_id,
        changelogs.to_id,
        changelogs.changed_at,
        -- Ids grow, and what happened in one instant happened in their order; text of digits needs its length first.
        row_number() over (
            partition by identities.issue_key, changelogs.field
            order by
                changelogs.changed_at asc, length(changelogs.history_id) asc, changelogs.history_id asc,
                changelogs.from_id asc, changelogs.to_id asc
        ) as change_order
    from {{ ref('stg_jira__issue_changelogs') }} as changelogs
    inner join identities on changelogs.issue_id = identities.identity

),

wanted as (

    select
        issue_key,
        created_at,
        history_id,
        field,
        from_id,
        to_id,
        changed_at,
        change_order
    from histories
    where field is not null

),

known as (

    select distinct issue_key
    from histories
    union
    select issue_key
    from issues
    where change_count is not null

),

-- What held at the creation is what the first change of a field changed; without one, what holds now.
firsts as (

    select
        issue_key,
        field,
        from_id
    from wanted
    where change_order = 1

),

fields as (

    select 'status' as field
    union all
    select 'type' as field
    union all
    select 'due_date' as field

),

plain_initials as (

    select
        issues.issue_key,
        issues.created_at,
        fields.field,
        case
            when firsts.issue_key is not null then firsts.from_id
            when fields.field = 'status' then issues.status_id
            when fields.field = 'type' then issues.issue_type_id
            else cast(issues.due_date as string)
        end as to_id
    from issues
    inner join known on issues.issue_key = known.issue_key
    cross join fields
    left join firsts
        on
            issues.issue_key = firsts.issue_key
            and fields.field = firsts.field

),

-- Sprints come as lists: each list becomes one row per sprint.
sprint_lists as (

    select
        issue_key,
        'from' as side,
        changed_at,
        change_order,
        '["' || replace(replace(from_id, ' ', ''), ',', '","') || '"]' as sprint_ids
    from wanted
    where field = 'sprint' and from_id is not null
    union all
    select
        issue_key,
        'to' as side,
        changed_at,
        change_order,
        '["' || replace(replace(to_id, ' ', ''), ',', '","') || '"]' as sprint_ids
    from wanted
    where field = 'sprint' and to_id is not null

),

listed_sprints as (

    {{ explode_json_array('sprint_lists', ['issue_key', 'side', 'changed_at', 'change_order'], 'sprint_ids', 'sprint_id') }}

),

sprint_sides as (

    select
        issue_key,
        changed_at,
        change_order,
        sprint_id,
        max(case when side = 'from' then 1 else 0 end) as was_in,
        max(case when side = 'to' then 1 else 0 end) as is_in
    from listed_sprints
    where sprint_id <> ''
    group by issue_key, changed_at, change_order, sprint_id

),

custom_sprints as (

    select
        issue_id,
        value_text
    from {{ ref('int_jira_custom_values') }}
    where meaning = 'sprint'

),

sprints_now as (

    select
        issue_id,
        {{ json_text(valid_json('element'), 'id') }} as sprint_id,
        element as sprint_text
    from ({{ explode_json_array('custom_sprints', ['issue_id'], 'value_text') }}) as custom
    union all
    select
        issue_id,
        {{ json_text(valid_json('element'), 'id') }} as sprint_id,
        element as sprint_text
    from ({{ explode_json_array('issues', ['issue_id'], 'closed_sprints') }}) as closed
    union all
    select
        issue_id,
        {{ json_text('active_sprint', 'id') }} as sprint_id,
        active_sprint as sprint_text
    from issues
    where active_sprint is not null
    union all
    select
        by_name.issue_id,
        named_sprints.sprint_id,
        by_name.element as sprint_text
    from ({{ explode_json_array('issues', ['issue_id'], 'sprints') }}) as by_name
    inner join named_sprints on by_name.element = named_sprints.sprint_name

),

-- Data Center writes a sprint as ...greenhopper.service.sprint.Sprint@3f2a[id=34,rapidViewId=8,...].
sprints_told as (

    select distinct
        issue_id,
        coalesce(sprint_id, nullif(regexp_extract(sprint_text, '[^A-Za-z]id=([0-9]+)', 1), '')) as sprint_id
    from sprints_now

),

sprint_initials as (

    select
        firsts.issue_key,
        initial.sprint_id,
        issues.created_at as changed_at
    from firsts
    inner join issues on firsts.issue_key = issues.issue_key
    inner join listed_sprints as initial
        on
            firsts.issue_key = initial.issue_key
            and initial.side = 'from'
            and initial.change_order = 1
            and initial.sprint_id <> ''
    where firsts.field = 'sprint'
    union all
    select
        issues.issue_key,
        sprints_told.sprint_id,
        case when known.issue_key is not null then issues.created_at end as changed_at
    from sprints_told
    inner join issues on sprints_told.issue_id = issues.issue_id
    left join known on issues.issue_key = known.issue_key
    left join firsts
        on
            issues.issue_key = firsts.issue_key
            and firsts.field = 'sprint'
    where firsts.issue_key is null and sprints_told.sprint_id is not null

),

told as (

    select
        issue_key,
        field,
        from_id,
        to_id,
        changed_at,
        change_order,
        false as is_initial
    from wanted
    where field <> 'sprint'
    union all
    select
        issue_key,
        field,
        cast(null as string) as from_id,
        to_id,
        created_at as changed_at,
        cast(0 as bigint) as change_order,
        true as is_initial
    from plain_initials
    where to_id is not null
    union all
    select
        issue_key,
        'sprint' as field,
        case when was_in = 1 then sprint_id end as from_id,
        case when is_in = 1 then sprint_id end as to_id,
        changed_at,
        change_order,
        false as is_initial
    from sprint_sides
    where was_in <> is_in
    union all
    select
        issue_key,
        'sprint' as field,
        cast(null as string) as from_id,
        sprint_id as to_id,
        changed_at,
        cast(0 as bigint) as change_order,
        true as is_initial
    from sprint_initials

)

select
    'jira' as source_system,
    told.issue_key as item_key,
    told.field,
    told.from_id as from_value,
    told.to_id as to_value,
    from_statuses.category as from_category,
    to_statuses.category as to_category,
    told.changed_at,
    told.change_order,
    told.is_initial
from told
left join statuses as from_statuses
    on
        told.field = 'status'
        and told.from_id = from_statuses.status_id
left join statuses as to_statuses
    on
        told.field = 'status'
        and told.to_id = to_statuses.status_id
