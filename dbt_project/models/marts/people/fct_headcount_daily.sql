with

positions as (

    select * from {{ ref('int_position_spells') }}
    where counts_as_headcount

),

-- People who come and go are few beside person-days: their running sum is the headcount.
changes as (

    select
        team_id,
        valid_from as change_date,
        1 as people,
        fte
    from positions

    union all

    select
        team_id,
        valid_to as change_date,
        -1 as people,
        -fte as fte
    from positions

),

-- Whoever came before the calendar begins is there on its first day.
dated_changes as (

    select
        team_id,
        greatest(change_date, cast('{{ var("calendar_first_date") }}' as date)) as change_date,
        people,
        fte
    from changes
    where change_date <= cast('{{ var("as_of_date") }}' as date)

),

daily_changes as (

    select
        team_id,
        change_date,
        sum(people) as people,
        sum(fte) as fte
    from dated_changes
    group by team_id, change_date

),

first_days as (

    select
        team_id,
        min(change_date) as first_date
    from daily_changes
    group by team_id

),

days as (

    {{ days_as_rows("(select min(first_date) from first_days)", "cast('" ~ var("as_of_date") ~ "' as date)") }}

),

spine as (

    select
        first_days.team_id,
        days.day as headcount_date
    from first_days
    inner join days
        on first_days.first_date <= days.day

),

counted as (

    select
        spine.team_id,
        spine.headcount_date,
        sum(coalesce(daily_changes.people, 0)) over team_so_far as headcount,
        sum(coalesce(daily_changes.fte, 0)) over team_so_far as fte
    from spine
    left join daily_changes
        on
            spine.team_id = daily_changes.team_id
            and spine.headcount_date = daily_changes.change_date
    window
        team_so_far as (
            partition by spine.team_id
            order by spine.headcount_date
            rows between unbounded preceding and current row
        )

)

select
    team_id,
    headcount_date,
    cast(headcount as bigint) as headcount,
    cast(fte as decimal(38, 9)) as fte
from counted
where headcount > 0
