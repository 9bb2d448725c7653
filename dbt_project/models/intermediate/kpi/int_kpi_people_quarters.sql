with kpis as (

    select
        kpi_id,
        segments
    from {{ ref('dim_kpi') }}
    where is_people and aggregation = 'trailing_year_rate'

),

periods as (

    select
        period_start,
        last_counted_date,
        counted_days
    from {{ ref('int_kpi_periods') }}
    where period_grain = 'quarter'

),

by_day as (

    {% for segment_type, segment_id in kpi_segment_types().items() -%}
    select
        daily.kpi_id,
        daily.event_date,
        '{{ segment_type }}' as segment_type,
        {{ segment_id }} as segment_id,
        sum(daily.numerator) as numerator,
        sum(daily.denominator) as denominator
    from {{ ref('int_kpi_daily') }} as daily
    inner join kpis on daily.kpi_id = kpis.kpi_id and {{ is_listed("'" ~ segment_type ~ "'", 'kpis.segments') }}
    where {{ segment_id }} is not null
    group by daily.kpi_id, daily.event_date, {{ segment_id }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

additive as (

    select
        by_day.kpi_id,
        periods.period_start,
        by_day.segment_type,
        by_day.segment_id,
        by_day.numerator,
        by_day.denominator,
        case when by_day.denominator > 0 then 1 else 0 end as populated_days
    from by_day
    inner join periods
        on by_day.event_date >= periods.period_start and by_day.event_date <= periods.last_counted_date
    union all
    select
        repeated.kpi_id,
        repeated.period_start,
        repeated.segment_type,
        repeated.segment_id,
        repeated.numerator,
        repeated.denominator,
        0 as populated_days
    from {{ ref('int_kpi_repeated_records') }} as repeated
    inner join kpis on repeated.kpi_id = kpis.kpi_id
    where repeated.period_grain = 'quarter'

),

summed as (

    select
        kpi_id,
        period_start,
        segment_type,
        segment_id,
        sum(numerator) as numerator,
        sum(denominator) as denominator,
        sum(populated_days) as populated_days
    from additive
    group by kpi_id, period_start, segment_type, segment_id

)

select
    summed.kpi_id,
    summed.period_start,
    periods.last_counted_date,
    periods.counted_days,
    summed.segment_type,
    summed.segment_id,
    cast(summed.numerator as decimal(38, 9)) as numerator,
    cast(summed.denominator as decimal(38, 9)) as denominator,
    cast(summed.populated_days as bigint) as populated_days
from summed
inner join periods on summed.period_start = periods.period_start
