with people as (

    select
        kpi_id,
        aggregation,
        population_basis,
        suppression_family,
        suppressed_with
    from {{ ref('dim_kpi') }}
    where is_people

),

windows as (

    select
        people.kpi_id,
        people.suppression_family,
        people.population_basis,
        people.suppressed_with,
        periods.period_grain,
        periods.period_start,
        case when people.aggregation like 'trailing%' then periods.year_start else periods.period_start end as window_start,
        periods.last_counted_date as window_end
    from people
    inner join {{ ref('int_kpi_periods') }} as periods on 1 = 1

),

-- A window, not a period: the year that ends in June is one and the same to the month and to the quarter.
populations as (

    select
        windows.suppression_family,
        windows.suppressed_with,
        windows.window_start,
        windows.window_end,
        measures.segment_type,
        measures.segment_id,
        measures.numerator,
        case windows.population_basis
            -- Twenty people of a team that is a month old are twenty, not the two that they make over a year.
            when 'headcount' then cast(measures.denominator as double) / nullif(measures.populated_days, 0)
            when 'denominator' then cast(measures.denominator as double)
            when 'sample' then cast(coalesce(measures.measured_count, measures.counted) as double)
        end as population
    from {{ ref('int_kpi_measures') }} as measures
    inner join windows
        on
            measures.kpi_id = windows.kpi_id
            and measures.period_grain = windows.period_grain
            and measures.period_start = windows.period_start

),

sized as (

    select
        {{ window_id('suppression_family', 'window_start', 'window_end') }} as window_id,
        suppression_family,
        max(suppressed_with) as suppressed_with,
        window_start,
        window_end,
        segment_type,
        segment_id,
        min(coalesce(population, 0)) as population,
        max(
            case
                when coalesce(population, 0) >= {{ var('min_group_size') }} then 0
                when population > 0 or numerator <> 0 then 1
                else 0
            end
        ) as is_small
    from populations
    group by suppression_family, window_start, window_end, segment_type, segment_id

),

sizes as (

    select
        suppression_family,
        segment_type,
        segment_id,
        max(population) as lasting_size
    from sized
    group by suppression_family, segment_type, segment_id

),

-- Years that overlap differ by a few months: a hidden one could be worked out from those before and after it, so a
-- segment that is too small in one is hidden in all that overlap it. What is hidden for its sake is chosen by its size over
-- all time, lest the choice change from one window to the next and give itself away.
cells as (

    select
        sized.window_id,
        sized.suppression_family,
        max(sized.suppressed_with) as suppressed_with,
        sized.window_start,
        sized.window_end,
        sized.segment_type,
        sized.segment_id,
        max(sized.population) as population,
        max(sizes.lasting_size) as lasting_size,
        max(coalesce(overlapping.is_small, 0)) as is_hidden
    from sized
    inner join sizes
        on
            sized.suppression_family = sizes.suppression_family
            and sized.segment_type = sizes.segment_type
            and sized.segment_id = sizes.segment_id
    left join sized as overlapping
        on
            sized.suppression_family = overlapping.suppression_family
            and sized.segment_type = overlapping.segment_type
            and sized.segment_id = overlapping.segment_id
            and sized.window_start <= overlapping.window_end
            and overlapping.window_start <= sized.window_end
            and overlapping.is_small = 1
    group by
        sized.window_id,
        sized.suppression_family,
        sized.window_start,
        sized.window_end,
        sized.segment_type,
        sized.segment_id

),

-- A week cut at the month's end lies in one period of every grain.
link_dates as (

    select
        people.suppression_family,
        daily.team_id,
        daily.group_id,
        min(daily.event_date) as event_date
    from {{ ref('int_kpi_daily') }} as daily
    inner join people on daily.kpi_id = people.kpi_id
    inner join {{ ref('dim_date') }} as days on daily.event_date = days.date_day
    where daily.team_id is not null and (daily.numerator <> 0 or daily.denominator <> 0)
    group by
        people.suppression_family, daily.team_id, daily.group_id, days.month_start_date, days.week_start_date

),

cell_windows as (

    select distinct
        window_id,
        suppression_family,
        window_start,
        window_end
    from cells

),

links as (

    select distinct
        cell_windows.window_id,
        link_dates.team_id,
        link_dates.group_id
    from cell_windows
    inner join link_dates
        on
            cell_windows.suppression_family = link_dates.suppression_family
            and link_dates.event_date >= cell_windows.window_start
            and link_dates.event_date <= cell_windows.window_end

),

-- Teams and groups that share people, joined: each team takes the least label of its groups and hands it back to all of
-- them. Six rounds reach groups that six moves of teams within one window lie apart.
label_0 as (

    select
        window_id,
        team_id,
        group_id,
        group_id as label
    from links

),

{% for round in range(1, 7) -%}
label_{{ round }} as (

    select
        window_id,
        team_id,
        group_id,
        min(label) over (partition by window_id, group_id) as label
    from (
        select
            window_id,
            team_id,
            group_id,
            min(label) over (partition by window_id, team_id) as label
        from label_{{ round - 1 }}
    ) as by_team

),

{% endfor -%}
components as (

    select
        window_id,
        'team' as segment_type,
        team_id as segment_id,
        min(label) as component
    from label_6
    group by window_id, team_id
    union all
    select
        window_id,
        'group' as segment_type,
        group_id as segment_id,
        min(label) as component
    from label_6
    group by window_id, group_id

)

select
    cells.window_id,
    cells.suppression_family,
    cells.suppressed_with,
    cells.window_start,
    cells.window_end,
    cells.segment_type,
    cells.segment_id,
    coalesce(components.component, cells.segment_id) as component,
    cells.population,
    cells.lasting_size,
    cast(cells.is_hidden as bigint) as is_hidden
from cells
left join components
    on
        cells.window_id = components.window_id
        and cells.segment_type = components.segment_type
        and cells.segment_id = components.segment_id
