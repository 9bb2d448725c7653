-- What an analysis measured holds until the next one.
with

measures as (
    select
        source_system,
        project_id,
        service_id,
        measured_date,
        coalesce(
            lead(measured_date) over (partition by project_id order by measured_date), date '9999-12-31'
        ) as next_measured_date,
        coverage_percent,
        duplication_percent,
        lines_of_code,
        debt_minutes,
        reliability_rating,
        security_rating,
        maintainability_rating
    from {{ ref('int_code_measures') }}
),

issues as (
    select
        source_system,
        project_id,
        service_id,
        issue_kind,
        coalesce(effort_minutes, 0) as effort_minutes,
        {{ business_date('created_at') }} as created_date,
        {{ business_date('closed_at') }} as closed_date
    from {{ ref('int_code_issues') }}
),

ownership as (
    select * from {{ ref('int_service_ownership') }}
),

projects as (
    select
        source_system,
        project_id,
        max(service_id) as service_id,
        min(first_date) as first_date
    from (
        select
            source_system,
            project_id,
            service_id,
            measured_date as first_date
        from measures
        union all
        -- The tool dates an issue by the line it stands in, years before the project was first analysed.
        select
            issues.source_system,
            issues.project_id,
            issues.service_id,
            max(issues.created_date) as first_date
        from issues
        left join measures on issues.project_id = measures.project_id
        where measures.project_id is null
        group by issues.source_system, issues.project_id, issues.service_id
    ) as known
    group by source_system, project_id
),

days as (
    select
        projects.source_system,
        projects.project_id,
        projects.service_id,
        dates.date_day as quality_date
    from projects
    inner join {{ ref('dim_date') }} as dates
        on
            dates.date_day >= projects.first_date
            and dates.date_day <= date '{{ var("as_of_date") }}'
),

issue_steps as (
    select
        project_id,
        created_date as step_date,
        1 as opened,
        0 as closed,
        case when issue_kind = 'bug' then 1 else 0 end as opened_bugs,
        effort_minutes as opened_minutes
    from issues
    union all
    select
        project_id,
        closed_date as step_date,
        0 as opened,
        1 as closed,
        0 as opened_bugs,
        0 as opened_minutes
    from issues
    where closed_date is not null
),

stepped as (
    select
        project_id,
        step_date,
        sum(opened) as new_issue_count,
        sum(opened_bugs) as new_bug_count,
        sum(opened_minutes) as new_effort_minutes,
        sum(closed) as closed_issue_count
    from issue_steps
    group by project_id, step_date
),

-- What was open when a project's days begin is part of the first of them.
begun as (
    select
        projects.project_id,
        sum(stepped.new_issue_count - stepped.closed_issue_count) as open_before
    from projects
    inner join stepped
        on
            projects.project_id = stepped.project_id
            and stepped.step_date < projects.first_date
    group by projects.project_id
),

final as (
    select
        days.source_system,
        days.project_id,
        days.quality_date,
        days.service_id,
        coalesce(ownership.team_id, 'unmapped') as team_id,
        coalesce(ownership.group_id, 'unmapped') as group_id,
        coalesce(ownership.tier, 'unmapped') as tier,
        measures.measured_date,
        cast({{ dbt.datediff('measures.measured_date', 'days.quality_date', 'day') }} as bigint)
            as days_since_analysis,
        cast(measures.coverage_percent as double) / 100 as coverage_share,
        cast(measures.duplication_percent as double) / 100 as duplication_share,
        cast(measures.lines_of_code as bigint) as lines_of_code,
        cast(measures.debt_minutes as bigint) as debt_minutes,
        {{ letter_rating('measures.reliability_rating') }} as reliability_rating,
        {{ letter_rating('measures.security_rating') }} as security_rating,
        {{ letter_rating('measures.maintainability_rating') }} as maintainability_rating,
        cast(coalesce(stepped.new_issue_count, 0) as bigint) as new_issue_count,
        cast(coalesce(stepped.new_bug_count, 0) as bigint) as new_bug_count,
        cast(coalesce(stepped.new_effort_minutes, 0) as bigint) as new_effort_minutes,
        cast(coalesce(stepped.closed_issue_count, 0) as bigint) as closed_issue_count,
        cast(coalesce(begun.open_before, 0) + coalesce(sum(stepped.new_issue_count - stepped.closed_issue_count) over (
            partition by days.project_id
            order by days.quality_date
            rows between unbounded preceding and current row
        ), 0) as bigint) as open_issue_count
    from days
    left join measures
        on
            days.project_id = measures.project_id
            and days.quality_date >= measures.measured_date
            and days.quality_date < measures.next_measured_date
    left join stepped
        on
            days.project_id = stepped.project_id
            and days.quality_date = stepped.step_date
    left join begun on days.project_id = begun.project_id
    left join ownership
        on
            days.service_id = ownership.service_id
            and days.quality_date >= ownership.valid_from
            and days.quality_date < ownership.valid_to
)

select * from final
