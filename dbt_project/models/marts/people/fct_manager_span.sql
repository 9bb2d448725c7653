{%- set last_day = "cast('" ~ var("as_of_date") ~ "' as date)" -%}
with

employed as (

    select
        positions.worker_id,
        positions.team_id,
        coalesce(positions.manager_id, 'unmapped') as manager_id,
        positions.counts_as_headcount
    from {{ ref('int_position_spells') }} as positions
    where positions.valid_from <= {{ last_day }} and positions.valid_to > {{ last_day }}

),

reports as (

    select
        manager_id,
        count(distinct case when counts_as_headcount then worker_id end) as direct_reports,
        count(distinct case when not counts_as_headcount then worker_id end) as other_reports,
        count(distinct team_id) as teams
    from employed
    group by manager_id

),

-- Whoever one system tells of may report to somebody of whom another one tells.
managers as (

    select
        worker_id,
        min(team_id) as team_id,
        min(manager_id) as manager_id
    from employed
    group by worker_id

),

lower_managers as (

    select
        managers.manager_id,
        count(*) as managers
    from managers
    inner join reports on managers.worker_id = reports.manager_id
    group by managers.manager_id

),

plans as (

    select
        worker_id,
        successor_id
    from {{ ref('stg_workday__successors') }}

),

-- Who is named and has left follows nobody.
successors as (

    select
        plans.worker_id,
        count(distinct plans.successor_id) as successors
    from plans
    inner join employed on plans.successor_id = employed.worker_id
    where plans.successor_id <> plans.worker_id
    group by plans.worker_id

),

planning as (

    select count(*) > 0 as is_planned
    from plans

)

select
    reports.manager_id,
    {{ last_day }} as span_date,
    managers.team_id,
    cast(reports.direct_reports as bigint) as direct_reports,
    cast(reports.other_reports as bigint) as other_reports,
    cast(coalesce(lower_managers.managers, 0) as bigint) as reporting_managers,
    cast(reports.teams as bigint) as teams,
    case when reports.manager_id <> 'unmapped' then managers.worker_id is not null end as is_manager_employed,
    case
        when planning.is_planned and reports.manager_id <> 'unmapped' then cast(coalesce(successors.successors, 0) as bigint)
    end as named_successors
from reports
cross join planning
left join managers on reports.manager_id = managers.worker_id
left join lower_managers on reports.manager_id = lower_managers.manager_id
left join successors on reports.manager_id = successors.worker_id
