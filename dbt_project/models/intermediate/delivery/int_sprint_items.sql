with sprints as (

    select
        sprint_id,
        source_system,
        sprint_key,
        started_at,
        closed_at
    from {{ ref('int_sprints') }}

),

changes as (

    select
        work_item_id,
        source_system,
        field,
        from_value,
        to_value,
        to_state,
        changed_at,
        change_order,
        is_initial
    from {{ ref('int_work_item_changes') }}

),

-- What happens after a sprint was closed changes nothing in it.
moves as (

    select
        sprints.sprint_id,
        changes.work_item_id,
        sprints.closed_at,
        changes.changed_at,
        changes.change_order,
        changes.to_value is not null as is_joining
    from changes
    inner join sprints
        on
            changes.source_system = sprints.source_system
            and coalesce(changes.to_value, changes.from_value) = sprints.sprint_key
    where
        changes.field = 'sprint'
        and (changes.changed_at is null or sprints.closed_at is null or changes.changed_at <= sprints.closed_at)

),

followed as (

    select
        sprint_id,
        work_item_id,
        closed_at,
        changed_at,
        change_order,
        is_joining,
        lag(is_joining) over (
            partition by sprint_id, work_item_id
            order by changed_at asc nulls first, change_order asc
        ) as was_joining
    from moves

),

turns as (

    select
        sprint_id,
        work_item_id,
        closed_at,
        changed_at,
        is_joining,
        lead(changed_at) over (
            partition by sprint_id, work_item_id
            order by changed_at asc nulls first, change_order asc
        ) as next_changed_at
    from followed
    -- Joining what one is in, or leaving what one is not in, is no turn.
    where is_joining <> coalesce(was_joining, false)

),

stays as (

    select
        sprint_id,
        work_item_id,
        closed_at,
        changed_at as joined_at,
        next_changed_at as left_at
    from turns
    where is_joining

),

states as (

    select
        stays.sprint_id,
        stays.work_item_id,
        stays.joined_at,
        changes.to_state,
        row_number() over (
            partition by stays.sprint_id, stays.work_item_id, stays.joined_at
            order by changes.changed_at desc, changes.change_order desc
        ) as position
    from stays
    inner join changes
        on
            stays.work_item_id = changes.work_item_id
            and changes.field = 'status'
            and (stays.closed_at is null or changes.changed_at <= stays.closed_at)
            and (stays.left_at is null or changes.changed_at <= stays.left_at)

)

select
    stays.sprint_id,
    stays.work_item_id,
    stays.joined_at,
    stays.left_at,
    coalesce(states.to_state, 'unmapped') as state_at_end
from stays
left join states
    on
        stays.sprint_id = states.sprint_id
        and stays.work_item_id = states.work_item_id
        and (stays.joined_at = states.joined_at or (stays.joined_at is null and states.joined_at is null))
        and states.position = 1
