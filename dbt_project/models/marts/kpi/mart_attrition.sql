{%- set rates = {
    'regrettable': 'regrettable_attrition',
    'voluntary': 'voluntary_attrition',
    'involuntary': 'involuntary_attrition',
    'total': 'total_attrition',
} -%}
{%- set kpi_ids = "('" ~ (rates.values() | join("', '")) ~ "')" -%}
with

kpi_values as (

    select * from {{ ref('fct_kpi_values') }}
    where kpi_id in {{ kpi_ids }} or kpi_id = 'regretted_unknown_share'

),

periods as (

    select * from {{ ref('int_kpi_periods') }}

),

daily as (

    select * from {{ ref('int_kpi_daily') }}
    where kpi_id in {{ kpi_ids }}

),

-- The figures of the trailing year, already suppressed where they must be.
told_years as (

    select
        period_grain,
        period_start,
        period_end,
        segment_type,
        segment_id,
        {% for name, kpi_id in rates.items() %}
            max(case when kpi_id = '{{ kpi_id }}' then value end) as {{ name }}_attrition_rate,
            max(case when kpi_id = '{{ kpi_id }}' then numerator end) as {{ name }}_leavers,
        {% endfor %}
        max(case when kpi_id = 'regrettable_attrition' then denominator end) as average_headcount,
        max(case when kpi_id = 'regretted_unknown_share' then value end) as regretted_unknown_share,
        max(case when kpi_id = 'regrettable_attrition' then target end) as target,
        max(case when kpi_id = 'regrettable_attrition' then status end) as status,
        bool_and(case when kpi_id = 'regrettable_attrition' then is_complete end) as is_complete,
        max(case when kpi_id <> 'regretted_unknown_share' and status = 'suppressed' then 1 else 0 end) as is_suppressed
    from kpi_values
    group by period_grain, period_start, period_end, segment_type, segment_id

),

segment_days as (

    select
        'org' as segment_type,
        'org' as segment_id,
        kpi_id,
        event_date,
        numerator,
        denominator
    from daily

    union all

    select
        'group' as segment_type,
        group_id as segment_id,
        kpi_id,
        event_date,
        numerator,
        denominator
    from daily
    where group_id is not null

    union all

    select
        'team' as segment_type,
        team_id as segment_id,
        kpi_id,
        event_date,
        numerator,
        denominator
    from daily
    where team_id is not null

),

quarters as (

    select
        periods.period_start,
        periods.counted_days,
        segment_days.segment_type,
        segment_days.segment_id,
        {% for name, kpi_id in rates.items() %}
            sum(case when segment_days.kpi_id = '{{ kpi_id }}' then segment_days.numerator else 0 end)
                as {{ name }}_leavers,
        {% endfor %}
        cast(sum(case when segment_days.kpi_id = 'total_attrition' then segment_days.denominator else 0 end) as double)
        / periods.counted_days as average_headcount
    from segment_days
    inner join periods
        on
            segment_days.event_date >= periods.period_start
            and segment_days.event_date <= periods.last_counted_date
    where periods.period_grain = 'quarter'
    group by
        periods.period_start,
        periods.counted_days,
        segment_days.segment_type,
        segment_days.segment_id

),

-- Trailing years are sums of quarters: whoever knows a run of quarters of a segment works backwards through every year
-- told of it. A quarter of its own is therefore told only of segments with nothing at all to hide, ever; so siblings
-- cannot give each other away either. The organisation's founding days are not held against it: every year that
-- overlaps a hidden one is hidden, so no figure told later reaches back into them.
first_told as (

    select
        segment_type,
        segment_id,
        min(period_end) as first_told_end
    from told_years
    where average_headcount is not null
    group by segment_type, segment_id

),

hidden_years as (

    select distinct
        told_years.segment_type,
        told_years.segment_id
    from told_years
    left join first_told
        on
            told_years.segment_type = first_told.segment_type
            and told_years.segment_id = first_told.segment_id
    where
        told_years.is_suppressed = 1
        and (
            told_years.segment_type <> 'org'
            or first_told.first_told_end is null
            or told_years.period_end > first_told.first_told_end
        )

),

small_quarters as (

    select distinct
        quarters.segment_type,
        quarters.segment_id
    from quarters
    left join first_told
        on
            quarters.segment_type = first_told.segment_type
            and quarters.segment_id = first_told.segment_id
    where
        quarters.average_headcount > 0
        and quarters.average_headcount < {{ var('min_group_size') }}
        and (
            quarters.segment_type <> 'org'
            or first_told.first_told_end is null
            or quarters.period_start > first_told.first_told_end
        )

),

segment_sizes as (

    select
        segment_type,
        segment_id,
        max(average_headcount) as population
    from quarters
    group by segment_type, segment_id

),

cells as (

    select
        'ever' as window_id,
        segment_sizes.segment_type,
        segment_sizes.segment_id,
        segment_sizes.population,
        segment_sizes.population as lasting_size,
        case when hidden_years.segment_id is not null or small_quarters.segment_id is not null then 1 else 0 end
            as is_hidden
    from segment_sizes
    left join hidden_years
        on
            segment_sizes.segment_type = hidden_years.segment_type
            and segment_sizes.segment_id = hidden_years.segment_id
    left join small_quarters
        on
            segment_sizes.segment_type = small_quarters.segment_type
            and segment_sizes.segment_id = small_quarters.segment_id

),

links as (

    select distinct
        'ever' as window_id,
        team_id,
        group_id
    from daily
    where team_id is not null

),

{{ complementary_suppression('quarter', 'cells', 'links') }},

told_quarters as (

    select
        quarters.period_start,
        quarters.segment_type,
        quarters.segment_id,
        {% for name in rates %}
            quarters.{{ name }}_leavers,
            cast(quarters.{{ name }}_leavers as double) / nullif(quarters.average_headcount, 0)
            * 365 / quarters.counted_days as {{ name }}_attrition_rate,
        {% endfor %}
        quarters.average_headcount
    from quarters
    inner join quarter_result
        on
            quarters.segment_type = quarter_result.segment_type
            and quarters.segment_id = quarter_result.segment_id
            and quarter_result.is_suppressed = 0

)

select
    told_years.period_grain,
    told_years.period_start,
    told_years.period_end,
    told_years.segment_type,
    told_years.segment_id,
    {% for name in rates %}
        told_years.{{ name }}_attrition_rate,
    {% endfor %}
    {% for name in rates %}
        cast(told_years.{{ name }}_leavers as bigint) as {{ name }}_leavers,
    {% endfor %}
    told_years.average_headcount,
    told_years.regretted_unknown_share,
    told_years.target,
    told_years.status,
    coalesce(told_years.is_complete, false) as is_complete,
    told_years.is_suppressed = 1 as is_suppressed,
    {% for name in rates %}
        case when told_years.average_headcount is not null then told_quarters.{{ name }}_attrition_rate end
            as quarter_{{ name }}_attrition_rate,
    {% endfor %}
    {% for name in rates %}
        case when told_years.average_headcount is not null then cast(told_quarters.{{ name }}_leavers as bigint) end
            as quarter_{{ name }}_leavers,
    {% endfor %}
    case when told_years.average_headcount is not null then cast(told_quarters.average_headcount as decimal(38, 9)) end
        as quarter_average_headcount
from told_years
left join told_quarters
    on
        told_years.period_grain = 'quarter'
        and told_years.period_start = told_quarters.period_start
        and told_years.segment_type = told_quarters.segment_type
        and told_years.segment_id = told_quarters.segment_id
