{%- set steps = [] -%}

{%- set slices -%}
    {{ kpi_slices() }}
{%- endset -%}
{%- do steps.append(['slices', slices]) -%}

{%- set periods -%}
    {{ period_days() }}
{%- endset -%}
{%- do steps.append(['periods', periods]) -%}

{%- set by_day -%}
    {% for segment_type, segment_id in kpi_segment_types().items() -%}
    select
        daily.kpi_id,
        daily.event_date,
        '{{ segment_type }}' as segment_type,
        {{ segment_id }} as segment_id,
        sum(daily.numerator) as numerator,
        sum(daily.denominator) as denominator,
        sum(daily.counted) as counted,
        sum(daily.excluded) as excluded,
        sum(daily.unplaced) as unplaced
    from {{ ref('int_kpi_daily') }} as daily
    inner join {{ ref('dim_kpi') }} as kpis
        on daily.kpi_id = kpis.kpi_id and {{ is_listed("'" ~ segment_type ~ "'", 'kpis.segments') }}
    where {{ segment_id }} is not null
    group by daily.kpi_id, daily.event_date, {{ segment_id }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
{%- endset -%}
{%- do steps.append(['by_day', by_day]) -%}

{%- set additive -%}
    select
        by_day.kpi_id,
        slices.period_grain,
        periods.period_start,
        by_day.segment_type,
        by_day.segment_id,
        by_day.event_date,
        by_day.numerator,
        by_day.denominator,
        by_day.counted,
        by_day.excluded,
        by_day.unplaced,
        case when by_day.numerator > 0 then 1 else 0 end as active_days,
        case when by_day.denominator > 0 then 1 else 0 end as populated_days
    from by_day
    inner join slices on by_day.kpi_id = slices.kpi_id and by_day.segment_type = slices.segment_type
    inner join periods on by_day.event_date = periods.date_day and slices.period_grain = periods.period_grain
    union all
    select
        kpi_id,
        period_grain,
        period_start,
        segment_type,
        segment_id,
        event_date,
        numerator,
        denominator,
        counted,
        excluded,
        unplaced,
        0 as active_days,
        0 as populated_days
    from {{ ref('int_kpi_repeated_records') }}
{%- endset -%}
{%- do steps.append(['additive', additive]) -%}

{%- set by_period -%}
    select
        kpi_id,
        period_grain,
        period_start,
        segment_type,
        segment_id,
        min(event_date) as first_event_date,
        sum(numerator) as numerator,
        sum(denominator) as denominator,
        sum(counted) as counted,
        sum(excluded) as excluded,
        sum(unplaced) as unplaced,
        sum(active_days) as active_days,
        sum(populated_days) as populated_days
    from additive
    group by kpi_id, period_grain, period_start, segment_type, segment_id
{%- endset -%}
{%- do steps.append(['by_period', by_period]) -%}

{#- Trailing years are sums of months: a month's own figure plus the eleven before it, for every period that ends one; of what
    is told by quarters alone, sums of quarters. -#}
{%- set monthly -%}
    select
        by_period.kpi_id,
        by_period.period_start,
        by_period.segment_type,
        by_period.segment_id,
        by_period.numerator,
        by_period.denominator,
        by_period.counted,
        by_period.excluded,
        by_period.unplaced,
        by_period.populated_days
    from by_period
    inner join {{ ref('dim_kpi') }} as kpis on by_period.kpi_id = kpis.kpi_id
    where
        kpis.aggregation in ('trailing_year_rate', 'trailing_year_ratio')
        and by_period.period_grain = case when {{ is_listed("'month'", 'kpis.grains') }} then 'month' else 'quarter' end
{%- endset -%}
{%- do steps.append(['monthly', monthly]) -%}

{%- set trailing_years -%}
    select
        monthly.kpi_id,
        year_periods.period_grain,
        year_periods.period_start,
        monthly.segment_type,
        monthly.segment_id,
        sum(monthly.numerator) as numerator,
        sum(monthly.denominator) as denominator,
        sum(monthly.counted) as counted,
        sum(monthly.excluded) as excluded,
        sum(monthly.unplaced) as unplaced,
        sum(monthly.populated_days) as populated_days
    from monthly
    inner join {{ ref('int_kpi_periods') }} as year_periods
        on
            monthly.period_start >= year_periods.year_start
            and monthly.period_start <= year_periods.period_end
            and year_periods.period_grain <> 'week'
    inner join slices
        on
            monthly.kpi_id = slices.kpi_id
            and monthly.segment_type = slices.segment_type
            and year_periods.period_grain = slices.period_grain
    group by
        monthly.kpi_id,
        year_periods.period_grain,
        year_periods.period_start,
        monthly.segment_type,
        monthly.segment_id
{%- endset -%}
{%- do steps.append(['trailing_years', trailing_years]) -%}

{%- set own -%}
    select
        by_period.kpi_id,
        by_period.period_grain,
        by_period.period_start,
        by_period.segment_type,
        by_period.segment_id,
        by_period.first_event_date,
        by_period.numerator,
        by_period.denominator,
        by_period.counted,
        by_period.excluded,
        by_period.unplaced,
        by_period.active_days,
        by_period.populated_days
    from by_period
    inner join {{ ref('dim_kpi') }} as kpis on by_period.kpi_id = kpis.kpi_id
    where kpis.aggregation not in ('trailing_year_rate', 'trailing_year_ratio')
    union all
    select
        trailing_years.kpi_id,
        trailing_years.period_grain,
        trailing_years.period_start,
        trailing_years.segment_type,
        trailing_years.segment_id,
        by_period.first_event_date,
        trailing_years.numerator,
        trailing_years.denominator,
        trailing_years.counted,
        trailing_years.excluded,
        trailing_years.unplaced,
        0 as active_days,
        trailing_years.populated_days
    from trailing_years
    left join by_period
        on
            trailing_years.kpi_id = by_period.kpi_id
            and trailing_years.period_grain = by_period.period_grain
            and trailing_years.period_start = by_period.period_start
            and trailing_years.segment_type = by_period.segment_type
            and trailing_years.segment_id = by_period.segment_id
{%- endset -%}
{%- do steps.append(['own', own]) -%}

{%- set final -%}
select
    own.kpi_id,
    own.period_grain,
    own.period_start,
    own.segment_type,
    own.segment_id,
    own.first_event_date,
    cast(own.numerator as decimal(38, 9)) as numerator,
    cast(own.denominator as decimal(38, 9)) as denominator,
    cast(own.counted as bigint) as counted,
    cast(own.excluded as bigint) as excluded,
    cast(own.unplaced as bigint) as unplaced,
    cast(own.active_days as bigint) as active_days,
    cast(own.populated_days as bigint) as populated_days,
    percentiles.sample_size as measured_count,
    percentiles.p50,
    percentiles.p75,
    percentiles.p85,
    percentiles.p90,
    percentiles.maximum,
    percentiles.mean
from own
left join {{ ref('int_kpi_percentiles') }} as percentiles
    on
        own.kpi_id = percentiles.kpi_id
        and own.period_grain = percentiles.period_grain
        and own.period_start = percentiles.period_start
        and own.segment_type = percentiles.segment_type
        and own.segment_id = percentiles.segment_id
{%- endset -%}

{{ config(post_hook="{{ drop_staged_steps(" ~ (steps | map(attribute=0) | list) ~ ") }}") }}

{{ staged_select(steps, final) }}
