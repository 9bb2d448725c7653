{%- set committed_by -%}
{{ dbt.dateadd('hour', var('sprint_commitment_grace_hours') | int, 'sprints.started_at') }}
{%- endset -%}

with

sprints as (
    select
        sprint_id,
        source_system,
        sprint_name,
        board_key,
        state,
        started_at,
        ends_at,
        closed_at
    from {{ ref('int_sprints') }}
    where started_at is not null
),

work_items as (
    select
        work_item_id,
        service_id,
        team_id,
        group_id,
        work_type,
        points,
        done_at,
        exclusion_reason
    from {{ ref('fct_work_items') }}
),

stays as (
    select
        sprint_id,
        work_item_id,
        joined_at,
        left_at,
        state_at_end,
        row_number() over (partition by sprint_id, work_item_id order by joined_at desc) as position_from_end
    from {{ ref('int_sprint_items') }}
),

memberships as (
    select
        stays.sprint_id,
        stays.work_item_id,
        min(stays.joined_at) as joined_at,
        max(case when stays.joined_at is null then 1 else 0 end) as is_untold,
        max(
            case
                when
                    stays.joined_at <= {{ committed_by }}
                    and coalesce(stays.left_at, timestamp '9999-12-31 00:00:00') > sprints.started_at
                    then 1
                else 0
            end
        ) as is_committed,
        max(case when stays.joined_at > {{ committed_by }} then 1 else 0 end) as is_joining_later,
        max(case when stays.left_at is null then 1 else 0 end) as is_in_at_close,
        max(case when stays.position_from_end = 1 and stays.state_at_end = 'done' then 1 else 0 end) as is_ended
    from stays
    inner join sprints on stays.sprint_id = sprints.sprint_id
    group by stays.sprint_id, stays.work_item_id
),

-- Who gives up what was promised has not delivered it: it is out of the sprint like what is taken out.
judged as (
    select
        memberships.sprint_id,
        memberships.work_item_id,
        memberships.joined_at,
        memberships.is_untold,
        memberships.is_committed,
        memberships.is_joining_later,
        case when work_items.exclusion_reason = 'not_planned' then 0 else memberships.is_ended end as is_done,
        case
            when work_items.exclusion_reason = 'not_planned' and memberships.is_ended = 1 then 0
            else memberships.is_in_at_close
        end as is_in_at_close
    from memberships
    inner join work_items on memberships.work_item_id = work_items.work_item_id
)

select
    judged.sprint_id,
    judged.work_item_id,
    sprints.source_system,
    sprints.sprint_name,
    sprints.board_key,
    sprints.state as sprint_state,
    sprints.started_at as sprint_started_at,
    sprints.closed_at as sprint_closed_at,
    {{ business_date('coalesce(sprints.closed_at, sprints.ends_at, sprints.started_at)') }} as sprint_date,
    coalesce(work_items.service_id, 'unmapped') as service_id,
    coalesce(work_items.team_id, 'unmapped') as team_id,
    coalesce(work_items.group_id, 'unmapped') as group_id,
    work_items.work_type,
    work_items.points,
    judged.joined_at,
    judged.is_committed = 1 as is_committed,
    judged.is_committed = 0 and judged.is_joining_later = 1 as is_added,
    judged.is_done = 1 as is_delivered,
    judged.is_in_at_close = 0 and judged.is_done = 0 as is_removed,
    judged.is_in_at_close = 1 and judged.is_done = 0 and sprints.closed_at is not null as is_carried_over,
    judged.is_in_at_close = 1 as is_in_at_close,
    case
        when work_items.exclusion_reason not in ('negative_span', 'not_planned') then work_items.exclusion_reason
        when judged.is_untold = 1 then 'no_history'
        when work_items.done_at <= sprints.started_at then 'done_before_start'
        when sprints.closed_at is null then 'open'
    end as exclusion_reason
from judged
inner join sprints on judged.sprint_id = sprints.sprint_id
inner join work_items on judged.work_item_id = work_items.work_item_id
-- Who was in the plan and out of it again before the sprint began was never in the sprint.
where judged.is_untold = 1 or judged.is_committed = 1 or judged.is_joining_later = 1
