{%- set segments = {'enps': ['team', 'team_id', 'respondent_function'], 'stakeholder_satisfaction': ['function', 'respondent_function', 'team_id']} -%}
with

answers as (

    select * from {{ ref('int_survey_answers') }}
    where measure is not null and wave_date is not null

),

invitations as (

    select * from {{ ref('stg_surveys__invitations') }}

),

results as (

    select * from {{ ref('stg_surveys__results') }}

),

mailings as (

    select * from {{ ref('stg_surveys__qualtrics_invitations') }}

),

waves as (

    select
        survey_id,
        wave_id,
        measure,
        max(wave_date) as wave_date
    from answers
    group by survey_id, wave_id, measure

),

survey_waves as (

    select
        survey_id,
        wave_id,
        max(wave_date) as wave_date
    from waves
    group by survey_id, wave_id

),

-- A mailing asks for the first wave that ends on or after its day; whoever got two was asked once.
mailed as (

    select
        mailings.survey_id,
        mailings.contact_key,
        mailings.sent_date,
        min(survey_waves.wave_date) as wave_date
    from mailings
    inner join survey_waves on mailings.survey_id = survey_waves.survey_id and mailings.sent_date <= survey_waves.wave_date
    group by mailings.survey_id, mailings.contact_key, mailings.sent_date

),

-- What the invitations say stands before what the results say, and both before a count of mailings.
asked as (

    select
        survey_id,
        wave_id,
        team_id,
        respondent_function,
        invited,
        1 as precedence
    from invitations

    union all

    -- A survey of several questions repeats its invited people on each.
    select
        survey_id,
        wave_id,
        team_id,
        respondent_function,
        max(n_invited) as invited,
        2 as precedence
    from results
    where n_invited is not null
    group by survey_id, wave_id, team_id, respondent_function

    union all

    select
        mailed.survey_id,
        survey_waves.wave_id,
        cast(null as {{ dbt.type_string() }}) as team_id,
        cast(null as {{ dbt.type_string() }}) as respondent_function,
        count(distinct mailed.contact_key) as invited,
        3 as precedence
    from mailed
    inner join survey_waves on mailed.survey_id = survey_waves.survey_id and mailed.wave_date = survey_waves.wave_date
    group by mailed.survey_id, survey_waves.wave_id

),

best_asked as (

    select
        survey_id,
        wave_id,
        team_id,
        respondent_function,
        invited
    from (
        select
            asked.*,
            min(precedence) over (partition by survey_id, wave_id) as best
        from asked
    ) as ranked
    where precedence = best

),

asked_by_measure as (

    {% for measure, segment in segments.items() %}
        select
            waves.survey_id,
            waves.wave_id,
            waves.measure,
            best_asked.{{ segment[1] }} as segment_id,
            best_asked.{{ segment[1] }} is null and best_asked.{{ segment[2] }} is null as is_total,
            best_asked.invited
        from waves
        inner join best_asked on waves.survey_id = best_asked.survey_id and waves.wave_id = best_asked.wave_id
        where waves.measure = '{{ measure }}'
        {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

asked_totals as (

    select
        survey_id,
        wave_id,
        measure,
        max(case when segment_id is not null then 1 else 0 end) as has_parts,
        coalesce(
            max(case when is_total then invited end),
            sum(case when segment_id is null and not is_total then invited end)
        ) as stated_total,
        sum(case when segment_id is not null then invited else 0 end) as parts_total
    from asked_by_measure
    group by survey_id, wave_id, measure

),

asked_segments as (

    select
        survey_id,
        wave_id,
        measure,
        segment_id,
        sum(invited) as invited
    from asked_by_measure
    where segment_id is not null
    group by survey_id, wave_id, measure, segment_id

    union all

    -- Whom the total counts and no segment does.
    select
        survey_id,
        wave_id,
        measure,
        'unmapped' as segment_id,
        stated_total - parts_total as invited
    from asked_totals
    where stated_total > parts_total

),

-- Of a segment that the survey tool hides it is known who was asked, and not who answered.
hidden_segments as (

    {% for measure, segment in segments.items() %}
        select distinct
            survey_id,
            wave_id,
            measure,
            {{ segment[1] }} as segment_id
        from answers
        where measure = '{{ measure }}' and exclusion_reason = 'suppressed_by_tool'
        {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

answered_segments as (

    {% for measure, segment in segments.items() %}
        select
            survey_id,
            wave_id,
            measure,
            {{ segment[1] }} as segment_id,
            sum(respondents) as responded,
            sum(promoters) as promoters,
            sum(detractors) as detractors,
            sum(favourable) as favourable,
            sum(score_sum) as score_sum
        from answers
        where measure = '{{ measure }}' and exclusion_reason is null
        group by survey_id, wave_id, measure, {{ segment[1] }}
        {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

cells as (

    select
        survey_id,
        wave_id,
        measure,
        segment_id,
        max(invited) as invited,
        coalesce(max(responded), 0) as responded,
        max(promoters) as promoters,
        max(detractors) as detractors,
        max(favourable) as favourable,
        max(score_sum) as score_sum
    from (
        select
            survey_id,
            wave_id,
            measure,
            segment_id,
            invited,
            cast(null as bigint) as responded,
            cast(null as bigint) as promoters,
            cast(null as bigint) as detractors,
            cast(null as bigint) as favourable,
            cast(null as decimal(38, 9)) as score_sum
        from asked_segments
        union all
        select
            survey_id,
            wave_id,
            measure,
            segment_id,
            cast(null as bigint) as invited,
            responded,
            promoters,
            detractors,
            favourable,
            score_sum
        from answered_segments
    ) as both_sides
    group by survey_id, wave_id, measure, segment_id

),

-- Where only the whole wave's invitations are known, only the whole wave has a response rate.
rated as (

    select
        cells.*,
        waves.wave_date,
        case waves.measure
            {% for measure, segment in segments.items() %}
                when '{{ measure }}' then '{{ segment[0] }}'
            {% endfor %}
        end as segment_type,
        hidden_segments.segment_id is not null as is_hidden_by_tool,
        coalesce(asked_totals.has_parts, 0) = 0 and asked_totals.stated_total is not null as is_rated_whole,
        sum(cells.responded) over (partition by cells.survey_id, cells.wave_id, cells.measure) as wave_responded
    from cells
    inner join waves
        on cells.survey_id = waves.survey_id and cells.wave_id = waves.wave_id and cells.measure = waves.measure
    left join asked_totals
        on
            cells.survey_id = asked_totals.survey_id
            and cells.wave_id = asked_totals.wave_id
            and cells.measure = asked_totals.measure
    left join hidden_segments
        on
            cells.survey_id = hidden_segments.survey_id
            and cells.wave_id = hidden_segments.wave_id
            and cells.measure = hidden_segments.measure
            and cells.segment_id = hidden_segments.segment_id

),

judged as (

    select
        rated.*,
        case when is_rated_whole and segment_id = 'unmapped' then wave_responded else responded end as rate_responded,
        case
            when is_rated_whole and segment_id <> 'unmapped' then 'rated_with_the_wave'
            when is_hidden_by_tool and not is_rated_whole then 'suppressed_by_tool'
            when invited is null then 'invited_unknown'
            when case when is_rated_whole then wave_responded else responded end > invited then 'more_answers_than_invited'
        end as rate_exclusion_reason
    from rated

)

select
    survey_id,
    wave_id,
    wave_date,
    measure,
    segment_type,
    segment_id,
    cast(invited as bigint) as invited,
    cast(responded as bigint) as responded,
    cast(promoters as bigint) as promoters,
    cast(detractors as bigint) as detractors,
    cast(favourable as bigint) as favourable,
    cast(score_sum as decimal(38, 9)) as score_sum,
    cast(case when rate_exclusion_reason is null then invited end as bigint) as rate_invited,
    cast(case when rate_exclusion_reason is null then rate_responded end as bigint) as rate_responded,
    rate_exclusion_reason
from judged
