with

items as (
    select
        sprint_id,
        team_id,
        points,
        is_committed,
        is_added,
        is_delivered,
        is_removed,
        is_carried_over,
        is_in_at_close
    from {{ ref('fct_sprint_items') }}
    where exclusion_reason is null or exclusion_reason = 'open'
),

counted as (
    select
        sprint_id,
        count(distinct nullif(team_id, 'unmapped')) as team_count,
        max(nullif(team_id, 'unmapped')) as last_team_id,
        sum(case when is_committed then 1 else 0 end) as committed_items,
        sum(case when is_committed and is_delivered then 1 else 0 end) as delivered_items,
        sum(case when is_added then 1 else 0 end) as added_items,
        sum(case when is_added and is_delivered then 1 else 0 end) as added_delivered_items,
        sum(case when is_removed then 1 else 0 end) as removed_items,
        sum(case when is_carried_over then 1 else 0 end) as carried_over_items,
        sum(case when is_in_at_close and is_delivered then 1 else 0 end) as completed_items,
        sum(case when is_committed then cast(points as decimal(38, 9)) end) as committed_points,
        sum(case when is_committed and is_delivered then cast(points as decimal(38, 9)) end) as delivered_points,
        sum(case when is_in_at_close and is_delivered then cast(points as decimal(38, 9)) end) as completed_points
    from items
    group by sprint_id
)

select
    sprints.sprint_id,
    sprints.source_system,
    sprints.sprint_name,
    sprints.board_key,
    sprints.board_name,
    sprints.project_key,
    -- Of a sprint whose items are of one team that team's; else the owner's of what its board's project is.
    coalesce(case when counted.team_count = 1 then counted.last_team_id end, ownership.team_id, 'unmapped') as team_id,
    sprints.state,
    {{ business_date('coalesce(sprints.closed_at, sprints.ends_at, sprints.started_at)') }} as sprint_date,
    sprints.started_at,
    sprints.ends_at,
    sprints.closed_at,
    cast(coalesce(counted.committed_items, 0) as bigint) as committed_items,
    cast(coalesce(counted.delivered_items, 0) as bigint) as delivered_items,
    cast(coalesce(counted.added_items, 0) as bigint) as added_items,
    cast(coalesce(counted.added_delivered_items, 0) as bigint) as added_delivered_items,
    cast(coalesce(counted.removed_items, 0) as bigint) as removed_items,
    cast(coalesce(counted.carried_over_items, 0) as bigint) as carried_over_items,
    cast(coalesce(counted.completed_items, 0) as bigint) as completed_items,
    cast(counted.committed_points as double) as committed_points,
    cast(counted.delivered_points as double) as delivered_points,
    cast(counted.completed_points as double) as completed_points,
    case
        when sprints.closed_at is not null
            then cast(counted.delivered_items as double) / nullif(counted.committed_items, 0)
    end as plan_share
from {{ ref('int_sprints') }} as sprints
left join counted on sprints.sprint_id = counted.sprint_id
left join {{ ref('int_service_ownership') }} as ownership
    on
        sprints.service_id = ownership.service_id
        and {{ business_date('sprints.started_at') }} >= ownership.valid_from
        and {{ business_date('sprints.started_at') }} < ownership.valid_to
where sprints.started_at is not null
