with

work_items as (
    select * from {{ ref('int_work_items') }}
),

ownership as (
    select * from {{ ref('int_service_ownership') }}
),

team_groups as (
    select * from {{ ref('int_team_groups') }}
),

dated as (
    select
        work_item_id,
        source_system,
        item_key,
        repository,
        project_key,
        coalesce(service_id, 'unmapped') as service_id,
        team_id as tracker_team_id,
        type_raw,
        work_type,
        status_name,
        state,
        resolution,
        title,
        points,
        created_at,
        started_at,
        done_at,
        due_date,
        due_date_now,
        author_id,
        is_bot,
        labels,
        components,
        epic_key,
        found_in,
        is_postmortem_action,
        investment_category,
        logged_seconds,
        logged_by_count,
        is_sla_breached,
        {{ business_date('coalesce(done_at, created_at)') }} as work_item_date,
        {{ seconds_between('started_at', 'done_at') }}
            as cycle_seconds,
        {{ seconds_between('created_at', 'done_at') }}
            as age_at_done_seconds,
        exclusion_reason
    from work_items
),

owned as (
    select
        dated.*,
        coalesce(dated.tracker_team_id, ownership.team_id, 'unmapped') as team_id,
        ownership.group_id as service_group_id,
        coalesce(ownership.tier, 'unmapped') as tier
    from dated
    left join ownership
        on
            dated.service_id = ownership.service_id
            and dated.work_item_date >= ownership.valid_from
            and dated.work_item_date < ownership.valid_to
),

final as (
    select
        owned.work_item_id,
        owned.source_system,
        owned.item_key,
        owned.repository,
        owned.project_key,
        owned.service_id,
        owned.team_id,
        case
            when owned.tracker_team_id is null then coalesce(owned.service_group_id, 'unmapped')
            else coalesce(team_groups.group_id, 'unmapped')
        end as group_id,
        owned.tier,
        owned.type_raw,
        owned.work_type,
        owned.status_name,
        owned.state,
        owned.resolution,
        owned.title,
        owned.points,
        owned.created_at,
        owned.started_at,
        owned.done_at,
        owned.work_item_date,
        owned.due_date,
        owned.due_date_now,
        owned.author_id,
        owned.is_bot,
        owned.labels,
        owned.components,
        owned.epic_key,
        owned.found_in,
        owned.is_postmortem_action,
        owned.investment_category,
        owned.cycle_seconds,
        owned.age_at_done_seconds,
        owned.logged_seconds,
        owned.logged_by_count,
        owned.is_sla_breached,
        case
            when owned.exclusion_reason is not null then owned.exclusion_reason
            when owned.cycle_seconds < 0 then 'negative_span'
        end as exclusion_reason
    from owned
    left join team_groups
        on
            owned.tracker_team_id = team_groups.team_id
            and owned.work_item_date >= team_groups.valid_from
            and owned.work_item_date < team_groups.valid_to
)

select * from final
