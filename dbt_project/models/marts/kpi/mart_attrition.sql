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

quarters as (

    select * from {{ ref('int_kpi_people_quarters') }}
    where kpi_id in {{ kpi_ids }}

),

suppression as (

    select * from {{ ref('int_kpi_suppression') }}

),

families as (

    select kpi_id, suppression_family
    from {{ ref('dim_kpi') }}

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

-- The quarter by itself is a window of its own to what suppresses the year: hidden where it would give anything away.
told_quarters as (

    select
        quarters.period_start,
        quarters.segment_type,
        quarters.segment_id,
        {% for name, kpi_id in rates.items() %}
            sum(case when quarters.kpi_id = '{{ kpi_id }}' then quarters.numerator end) as {{ name }}_leavers,
        {% endfor %}
        cast(sum(case when quarters.kpi_id = 'total_attrition' then quarters.denominator end) as double)
        / max(quarters.counted_days) as average_headcount,
        max(quarters.counted_days) as counted_days
    from quarters
    inner join families on quarters.kpi_id = families.kpi_id
    inner join suppression
        on
            families.suppression_family = suppression.suppression_family
            and quarters.period_start = suppression.window_start
            and quarters.last_counted_date = suppression.window_end
            and quarters.segment_type = suppression.segment_type
            and quarters.segment_id = suppression.segment_id
            and not suppression.is_suppressed
    group by quarters.period_start, quarters.segment_type, quarters.segment_id

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
        cast(told_quarters.{{ name }}_leavers as double) / nullif(told_quarters.average_headcount, 0)
        * 365 / told_quarters.counted_days as quarter_{{ name }}_attrition_rate,
    {% endfor %}
    {% for name in rates %}
        cast(told_quarters.{{ name }}_leavers as bigint) as quarter_{{ name }}_leavers,
    {% endfor %}
    cast(told_quarters.average_headcount as decimal(38, 9)) as quarter_average_headcount
from told_years
left join told_quarters
    on
        told_years.period_grain = 'quarter'
        and told_years.period_start = told_quarters.period_start
        and told_years.segment_type = told_quarters.segment_type
        and told_years.segment_id = told_quarters.segment_id
