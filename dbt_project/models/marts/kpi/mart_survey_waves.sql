{%- set measures = {
    'enps': ['enps', none, 'enps_response_rate'],
    'stakeholder_satisfaction': ['stakeholder_satisfaction', 'stakeholder_top_two_box', 'stakeholder_response_rate'],
} -%}
with

waves as (

    select
        survey_id,
        wave_id,
        measure,
        max(wave_date) as wave_date,
        sum(responded) as responded,
        sum(promoters) as promoters,
        sum(detractors) as detractors,
        sum(score_sum) as score_sum,
        sum(favourable) as favourable,
        sum(rate_invited) as rate_invited,
        sum(rate_responded) as rate_responded
    from {{ ref('int_survey_waves') }}
    where wave_date <= date '{{ var("as_of_date") }}'
    group by survey_id, wave_id, measure

),

kpi_values as (

    select * from {{ ref('fct_kpi_values') }}
    where period_grain = 'quarter'

),

quarters as (

    select
        waves.*,
        days.fiscal_quarter_start_date as quarter_start_date,
        count(*) over (partition by waves.measure, days.fiscal_quarter_start_date) as waves_in_quarter,
        min(waves.responded) over (partition by waves.measure, days.fiscal_quarter_start_date) as fewest_responded
    from waves
    inner join {{ ref('dim_date') }} as days on waves.wave_date = days.date_day

),

quarter_figures as (

    {% for measure, kpi_ids in measures.items() %}
        select
            '{{ measure }}' as measure,
            period_start,
            segment_type,
            segment_id,
            max(case when kpi_id = '{{ kpi_ids[0] }}' then value end) as score,
            max(case when kpi_id = '{{ kpi_ids[0] }}' then denominator end) as respondents,
            max(case when kpi_id = '{{ kpi_ids[1] }}' then value end) as top_two_box_share,
            max(case when kpi_id = '{{ kpi_ids[2] }}' then denominator end) as invited,
            max(case when kpi_id = '{{ kpi_ids[2] }}' then value end) as response_rate,
            max(case when status = 'suppressed' then 1 else 0 end) as is_suppressed
        from kpi_values
        where kpi_id in ('{{ kpi_ids | select | join("', '") }}')
        group by period_start, segment_type, segment_id
        {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

-- A quarter with one wave is that wave, and shows and hides what the quarter does. Of several waves in a quarter only the organisation's
-- own figures are told: a segment's wave, taken from its quarter, would tell of another wave that may have to stay hidden.
told as (

    select
        quarters.survey_id,
        quarters.wave_id,
        quarters.measure,
        quarters.wave_date,
        quarters.quarter_start_date,
        quarters.waves_in_quarter,
        figures.segment_type,
        figures.segment_id,
        figures.is_suppressed,
        case
            when figures.is_suppressed = 1 then 'suppressed'
            when quarters.waves_in_quarter = 1 then 'as_quarter'
            when figures.segment_type <> 'org' then 'several_waves'
            when quarters.fewest_responded < {{ var('min_group_size') }} then 'suppressed'
            else 'as_wave'
        end as telling,
        figures.score,
        figures.respondents,
        figures.top_two_box_share,
        figures.invited,
        figures.response_rate,
        quarters.responded,
        case
            when quarters.measure = 'enps' then 100 * cast(quarters.promoters - quarters.detractors as double)
            else cast(quarters.score_sum as double)
        end / nullif(cast(quarters.responded as double), 0) as wave_score,
        case when quarters.measure <> 'enps' then cast(quarters.favourable as double) / nullif(cast(quarters.responded as double), 0) end
            as wave_top_two_box_share,
        quarters.rate_invited,
        cast(quarters.rate_responded as double) / nullif(cast(quarters.rate_invited as double), 0) as wave_response_rate
    from quarters
    inner join quarter_figures as figures
        on quarters.measure = figures.measure and quarters.quarter_start_date = figures.period_start

)

select
    survey_id,
    wave_id,
    measure,
    wave_date,
    quarter_start_date,
    segment_type,
    segment_id,
    case telling when 'as_quarter' then score when 'as_wave' then wave_score end as score,
    cast(case telling when 'as_quarter' then respondents when 'as_wave' then responded end as bigint) as respondents,
    case telling when 'as_quarter' then top_two_box_share when 'as_wave' then wave_top_two_box_share end as top_two_box_share,
    cast(case telling when 'as_quarter' then invited when 'as_wave' then rate_invited end as bigint) as invited,
    case telling when 'as_quarter' then response_rate when 'as_wave' then wave_response_rate end as response_rate,
    telling in ('suppressed', 'several_waves') as is_suppressed,
    case when telling in ('suppressed', 'several_waves') then telling end as suppression_reason
from told
