with people as (

    select
        kpi_id,
        headline_kpi_id,
        aggregation,
        population_basis,
        suppression_family
    from {{ ref('dim_kpi') }}
    where is_people and population_basis <> 'family'

),

measures as (

    select
        kpi_id,
        period_grain,
        period_start,
        segment_type,
        segment_id,
        first_event_date,
        numerator,
        denominator,
        counted,
        measured_count,
        populated_days
    from {{ ref('int_kpi_measures') }}

),

beginnings as (

    select
        people.headline_kpi_id,
        min(measures.first_event_date) as first_date
    from measures
    inner join people on measures.kpi_id = people.kpi_id
    group by people.headline_kpi_id

),

-- A year that began before the data is told of nobody, so it need not be protected.
windows as (

    select
        people.kpi_id,
        people.suppression_family,
        people.population_basis,
        periods.period_grain,
        periods.period_start,
        {{ window_start('people.aggregation', 'periods') }} as window_start,
        periods.last_counted_date as window_end
    from people
    inner join beginnings on people.headline_kpi_id = beginnings.headline_kpi_id
    inner join {{ ref('int_kpi_periods') }} as periods on beginnings.first_date <= periods.period_end
    where
        people.aggregation not like 'trailing%'
        or {{ is_begun_in_time('people.aggregation', 'periods', 'beginnings.first_date') }}

),

-- A window, not a period: the year that ends in June is one and the same to the month and to the quarter.
told as (

    select
        windows.suppression_family,
        windows.population_basis,
        windows.window_start,
        windows.window_end,
        measures.segment_type,
        measures.segment_id,
        measures.numerator,
        measures.denominator,
        measures.populated_days,
        coalesce(measures.measured_count, measures.counted) as sample_size
    from measures
    inner join windows
        on
            measures.kpi_id = windows.kpi_id
            and measures.period_grain = windows.period_grain
            and measures.period_start = windows.period_start
    union all
    select
        people.suppression_family,
        people.population_basis,
        quarters.period_start as window_start,
        quarters.last_counted_date as window_end,
        quarters.segment_type,
        quarters.segment_id,
        quarters.numerator,
        quarters.denominator,
        quarters.populated_days,
        cast(null as bigint) as sample_size
    from {{ ref('int_kpi_people_quarters') }} as quarters
    inner join people on quarters.kpi_id = people.kpi_id

),

populations as (

    select
        suppression_family,
        window_start,
        window_end,
        segment_type,
        segment_id,
        numerator,
        case population_basis
            -- Twenty people of a team that is a month old are twenty, not the two that they make over a year.
            when 'headcount' then cast(denominator as double) / nullif(populated_days, 0)
            when 'denominator' then cast(denominator as double)
            when 'sample' then cast(sample_size as double)
        end as population
    from told

),

sized as (

    select
        suppression_family,
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
        ) as is_too_small
    from populations
    group by suppression_family, window_start, window_end, segment_type, segment_id

)

select
    suppression_family,
    window_start,
    window_end,
    segment_type,
    segment_id,
    population,
    max(population) over (partition by suppression_family, segment_type, segment_id) as lasting_size,
    cast(is_too_small as bigint) as is_too_small
from sized
