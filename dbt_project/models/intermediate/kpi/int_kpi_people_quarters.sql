with kpis as (

    select
        kpi_id,
        aggregation,
        segments
    from {{ ref('dim_kpi') }}
    -- A family that goes dark with another one has that one's quarters.
    where
        is_people
        and (aggregation = 'trailing_year_rate' or (aggregation = 'trailing_year_ratio' and suppressed_with is null))

),

periods as (

    select
        period_start,
        last_counted_date,
        counted_days
    from {{ ref('int_kpi_periods') }}
    where period_grain = 'quarter'

),

-- Years that end a quarter apart differ by the quarter that has come and the one that has gone: those two together are what
-- a share of the trailing year gives away.
spans as (

    select
        kpis.kpi_id,
        periods.period_start,
        periods.period_start as span_start,
        periods.last_counted_date as span_end
    from periods
    cross join kpis
    union all
    select
        kpis.kpi_id,
        periods.period_start,
        cast({{ dbt.dateadd('month', -12, 'periods.period_start') }} as date) as span_start,
        cast({{ dbt.dateadd('day', -1, dbt.dateadd('month', -9, 'periods.period_start')) }} as date) as span_end
    from periods
    cross join kpis
    where kpis.aggregation = 'trailing_year_ratio'

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
        spans.period_start,
        by_day.segment_type,
        by_day.segment_id,
        by_day.numerator,
        by_day.denominator,
        case when by_day.denominator > 0 then 1 else 0 end as populated_days
    from by_day
    inner join spans
        on
            by_day.kpi_id = spans.kpi_id
            and by_day.event_date >= spans.span_start
            and by_day.event_date <= spans.span_end
    union all
    select
        repeated.kpi_id,
        spans.period_start,
        repeated.segment_type,
        repeated.segment_id,
        repeated.numerator,
        repeated.denominator,
        0 as populated_days
    from {{ ref('int_kpi_repeated_records') }} as repeated
    inner join spans on repeated.kpi_id = spans.kpi_id and repeated.period_start = spans.span_start
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
