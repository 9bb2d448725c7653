{%- set last_day = "cast('" ~ var("as_of_date") ~ "' as date)" -%}
with

employed as (

    select
        positions.source_system,
        positions.worker_id,
        positions.team_id,
        coalesce(positions.manager_id, 'unmapped') as manager_id,
        positions.counts_as_headcount
    from {{ ref('int_position_spells') }} as positions
    where positions.valid_from <= {{ last_day }} and positions.valid_to > {{ last_day }}

),

reports as (

    select
        source_system,
        manager_id,
        count(distinct case when counts_as_headcount then worker_id end) as direct_reports,
        count(distinct case when not counts_as_headcount then worker_id end) as other_reports,
        count(distinct team_id) as teams
    from employed
    group by source_system, manager_id

),

managers as (

    select
        source_system,
        worker_id,
        min(team_id) as team_id,
        min(manager_id) as manager_id
    from employed
    group by source_system, worker_id

),

managing as (

    select distinct
        source_system,
        manager_id
    from reports
    where manager_id <> 'unmapped'

),

lower_managers as (

    select
        managers.source_system,
        managers.manager_id,
        count(*) as managers
    from managers
    inner join managing
        on
            managers.source_system = managing.source_system
            and managers.worker_id = managing.manager_id
    group by managers.source_system, managers.manager_id

)

select
    reports.source_system,
    reports.manager_id,
    {{ last_day }} as span_date,
    managers.team_id,
    cast(reports.direct_reports as bigint) as direct_reports,
    cast(reports.other_reports as bigint) as other_reports,
    cast(coalesce(lower_managers.managers, 0) as bigint) as reporting_managers,
    cast(reports.teams as bigint) as teams,
    case when reports.manager_id <> 'unmapped' then managers.worker_id is not null end as is_manager_employed
from reports
left join managers
    on
        reports.source_system = managers.source_system
        and reports.manager_id = managers.worker_id
left join lower_managers
    on
        reports.source_system = lower_managers.source_system
        and reports.manager_id = lower_managers.manager_id
