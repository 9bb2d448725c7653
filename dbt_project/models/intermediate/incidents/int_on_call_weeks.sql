with

shifts as (

    select
        user_id,
        coalesce(team_id, 'unmapped') as team_id,
        escalation_level,
        coalesce({{ business_date('started_at') }}, cast('{{ var("calendar_first_date") }}' as date)) as first_date,
        -- A shift that ends at midnight is none of the new day.
        coalesce(
            {{ business_date(dbt.dateadd('second', -1, 'ended_at')) }}, cast('9999-12-31' as date)
        ) as last_date
    from {{ ref('int_on_call_shifts') }}

),

interruptions as (

    select * from {{ ref('int_interruptions') }}

),

-- Before the first notification that is known nobody can say how little people were paged.
weeks as (

    select distinct
        week_start_date,
        week_end_date
    from {{ ref('dim_date') }}
    where
        week_end_date <= cast('{{ var("as_of_date") }}' as date)
        and week_start_date >= (select min(interruptions.week_start_date) from interruptions)

),

on_call as (

    select
        weeks.week_start_date,
        weeks.week_end_date,
        shifts.user_id,
        shifts.team_id,
        1 as is_scheduled,
        shifts.escalation_level,
        0 as pages
    from weeks
    inner join shifts
        on
            weeks.week_start_date <= shifts.last_date
            and weeks.week_end_date >= shifts.first_date
    union all
    select
        weeks.week_start_date,
        weeks.week_end_date,
        interruptions.user_id,
        interruptions.service_team_id as team_id,
        0 as is_scheduled,
        cast(null as bigint) as escalation_level,
        1 as pages
    from weeks
    inner join interruptions on weeks.week_start_date = interruptions.week_start_date
    where interruptions.exclusion_reason is null

),

by_team as (

    select
        week_start_date,
        week_end_date,
        user_id,
        team_id,
        max(is_scheduled) as is_scheduled,
        min(escalation_level) as escalation_level,
        sum(pages) as pages
    from on_call
    group by week_start_date, week_end_date, user_id, team_id

),

ranked as (

    select
        week_start_date,
        week_end_date,
        user_id,
        team_id,
        max(is_scheduled) over (partition by week_start_date, user_id) as is_scheduled,
        sum(pages) over (partition by week_start_date, user_id) as pages,
        max(is_scheduled) over (partition by week_start_date) as is_schedule_known,
        row_number() over (
            partition by week_start_date, user_id
            order by
                case when team_id = 'unmapped' then 1 else 0 end asc,
                is_scheduled desc,
                coalesce(escalation_level, 999) asc,
                pages desc,
                team_id asc
        ) as preference
    from by_team

)

select
    user_id || '|' || cast(week_start_date as {{ dbt.type_string() }}) as engineer_week_id,
    week_start_date,
    week_end_date,
    user_id,
    team_id,
    is_scheduled = 1 as is_scheduled,
    is_schedule_known = 1 as is_schedule_known,
    cast(pages as bigint) as pages
from ranked
where preference = 1
