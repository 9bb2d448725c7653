with issues as (

    select
        repository,
        issue_number,
        title,
        state,
        state_reason,
        issue_type,
        labels,
        author_id,
        is_pull_request,
        milestone_due_at,
        created_at,
        closed_at
    from {{ ref('stg_github__issues') }}

),

rules as (

    select
        rank,
        field,
        pattern,
        work_type
    from {{ ref('work_types') }}
    where system = 'github'

),

listed as (

    {{ explode_json_array('issues', ['repository', 'issue_number'], 'labels', 'label_element') }}

),

label_names as (

    select
        repository,
        issue_number,
        lower(trim(coalesce({{ json_text(valid_json('label_element'), 'name') }}, label_element))) as label
    from listed

),

labelled as (

    select
        repository,
        issue_number,
        {{ distinct_list_text('label') }} as labels,
        max(case when label = 'duplicate' then 1 else 0 end) as is_duplicate
    from label_names
    group by repository, issue_number

),

-- Few labels, many issues: each label is asked once.
distinct_texts as (

    select distinct
        'label' as field,
        label as text_value
    from label_names
    union
    select distinct
        'type' as field,
        lower(issue_type) as text_value
    from issues where issue_type is not null

),

ruled as (

    select
        distinct_texts.field,
        distinct_texts.text_value,
        rules.rank,
        rules.work_type
    from distinct_texts
    inner join rules
        on
            distinct_texts.field = rules.field
            and {{ matches_pattern('distinct_texts.text_value', 'rules.pattern') }}

),

typed as (

    select
        issues.repository,
        issues.issue_number,
        ruled.rank,
        ruled.work_type
    from issues
    inner join ruled on ruled.field = 'type' and lower(issues.issue_type) = ruled.text_value
    union all
    select
        label_names.repository,
        label_names.issue_number,
        ruled.rank,
        ruled.work_type
    from label_names
    inner join ruled on ruled.field = 'label' and label_names.label = ruled.text_value

),

first_match as (

    select
        repository,
        issue_number,
        work_type,
        row_number() over (partition by repository, issue_number order by rank asc, work_type asc) as position
    from typed

),

statuses as (

    select
        raw_value,
        status
    from {{ ref('status_map') }}
    where system = 'github' and concept = 'issue'

)

select
    'github:' || issues.repository || '#' || cast(issues.issue_number as string) as work_item_id,
    'github' as source_system,
    issues.repository,
    coalesce(repositories.service_id, 'unmapped') as service_id,
    cast(null as string) as team_id,
    coalesce(first_match.work_type, 'unmapped') as work_type,
    coalesce(statuses.status, 'unmapped') as state,
    issues.title,
    cast(null as double) as points,
    issues.created_at,
    cast(null as timestamp) as started_at,
    case when issues.state = 'closed' then issues.closed_at end as done_at,
    {{ business_date('issues.milestone_due_at') }} as due_date,
    issues.author_id,
    bots.account_id is not null as is_bot,
    labelled.labels,
    case
        when issues.is_pull_request then 'pull_request'
        when issues.state_reason = 'duplicate' or labelled.is_duplicate = 1 then 'duplicate'
        when issues.state_reason = 'not_planned' then 'not_planned'
    end as exclusion_reason
from issues
left join {{ ref('int_known_repositories') }} as repositories on issues.repository = repositories.repository
left join {{ ref('int_bot_accounts') }} as bots on issues.author_id = bots.account_id
left join labelled
    on
        issues.repository = labelled.repository
        and issues.issue_number = labelled.issue_number
left join first_match
    on
        issues.repository = first_match.repository
        and issues.issue_number = first_match.issue_number
        and first_match.position = 1
left join statuses on issues.state = statuses.raw_value
