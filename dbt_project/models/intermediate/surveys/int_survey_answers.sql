{%- set wave_keys = 'survey_id, wave_id, question_code' -%}
with

neutral as (

    select * from {{ ref('stg_surveys__answers') }}

),

results as (

    select * from {{ ref('stg_surveys__results') }}

),

qualtrics_responses as (

    select * from {{ ref('stg_surveys__qualtrics_responses') }}

),

qualtrics_answers as (

    select * from {{ ref('stg_surveys__qualtrics_answers') }}

),

waves as (

    select * from {{ ref('stg_surveys__waves') }}

),

scales as (

    select * from {{ ref('survey_scales') }}

),

told as (

    select
        'respondents' as told_by,
        survey_id,
        wave_id,
        {{ business_date('answered_at') }} as told_date,
        question_code,
        respondent_key,
        answered_at,
        team_id,
        respondent_function,
        score,
        scale_min,
        scale_max,
        cast(null as bigint) as n_responded,
        cast(null as bigint) as n_promoters,
        cast(null as bigint) as n_passives,
        cast(null as bigint) as n_detractors,
        cast(null as bigint) as n_favourable,
        cast(null as {{ dbt.type_string() }}) as source_reason
    from neutral

    union all

    select
        'respondents' as told_by,
        coalesce(responses.survey_id, 'unmapped') as survey_id,
        coalesce(responses.wave_id, 'unmapped') as wave_id,
        responses.recorded_date as told_date,
        answers.question_code,
        coalesce(responses.response_id, answers.response_id) as respondent_key,
        responses.recorded_at as answered_at,
        responses.team_id,
        responses.respondent_function,
        answers.score,
        cast(null as decimal(38, 9)) as scale_min,
        cast(null as decimal(38, 9)) as scale_max,
        cast(null as bigint) as n_responded,
        cast(null as bigint) as n_promoters,
        cast(null as bigint) as n_passives,
        cast(null as bigint) as n_detractors,
        cast(null as bigint) as n_favourable,
        case
            when responses.response_id is null then 'response_unknown'
            when responses.is_test then 'test_response'
            when not responses.is_finished then 'unfinished'
        end as source_reason
    from qualtrics_responses as responses
    full outer join qualtrics_answers as answers on responses.response_id = answers.response_id

    union all

    select
        'counts' as told_by,
        survey_id,
        wave_id,
        wave_date as told_date,
        question_code,
        cast(null as {{ dbt.type_string() }}) as respondent_key,
        cast(null as timestamp) as answered_at,
        team_id,
        respondent_function,
        mean_score as score,
        scale_min,
        scale_max,
        coalesce(n_responded, n_promoters + n_passives + n_detractors) as n_responded,
        n_promoters,
        n_passives,
        n_detractors,
        n_favourable,
        cast(null as {{ dbt.type_string() }}) as source_reason
    from results

),

-- A wave counts for its last day: as it was announced, else as its answers tell.
wave_dates as (

    select
        told.survey_id,
        told.wave_id,
        coalesce(max(waves.closed_on), max(told.told_date)) as wave_date
    from told
    left join waves on told.survey_id = waves.survey_id and told.wave_id = waves.wave_id
    group by told.survey_id, told.wave_id

),

questions as (

    select distinct
        told.survey_id,
        told.wave_id,
        told.question_code,
        wave_dates.wave_date
    from told
    inner join wave_dates on told.survey_id = wave_dates.survey_id and told.wave_id = wave_dates.wave_id

),

question_scales as (

    select
        questions.survey_id,
        questions.wave_id,
        questions.question_code,
        scales.measure,
        scales.scale_low,
        scales.scale_high,
        row_number() over (
            partition by questions.survey_id, questions.wave_id, questions.question_code
            order by case when scales.survey_id = '*' then 1 else 0 end asc, scales.valid_from desc, scales.measure asc
        ) as precedence
    from questions
    inner join scales
        on
            questions.question_code = scales.question_code
            and (scales.survey_id = '*' or questions.survey_id = scales.survey_id)
            and questions.wave_date >= scales.valid_from
            and (scales.valid_to is null or questions.wave_date < scales.valid_to)

),

scaled as (

    select
        told.*,
        wave_dates.wave_date,
        question_scales.measure,
        coalesce(told.scale_min, question_scales.scale_low) as scale_low,
        coalesce(told.scale_max, question_scales.scale_high) as scale_high,
        {{ hash_text(['told.respondent_key', 'told.answered_at', 'told.score', 'told.team_id', 'told.respondent_function',
            'told.n_responded', 'told.n_promoters', 'told.n_detractors', 'told.n_favourable']) }} as mixing_key
    from told
    inner join wave_dates on told.survey_id = wave_dates.survey_id and told.wave_id = wave_dates.wave_id
    left join question_scales
        on
            told.survey_id = question_scales.survey_id
            and told.wave_id = question_scales.wave_id
            and told.question_code = question_scales.question_code
            and question_scales.precedence = 1

),

numbered as (

    select
        scaled.*,
        case when measure = 'enps' then team_id else respondent_function end as told_segment,
        cast(
            1 + 4 * cast(score - scale_low as double) / nullif(cast(scale_high - scale_low as double), 0) as decimal(38, 9)
        ) as mapped_score,
        -- An ordinal in an order that says nothing: no key of a person leaves this model.
        row_number() over (partition by {{ wave_keys }}, told_by order by mixing_key) as ordinal,
        row_number() over (
            partition by {{ wave_keys }}, told_by, respondent_key
            order by case when score is null then 1 else 0 end asc, answered_at desc nulls last, mixing_key asc
        ) as answer_of_respondent,
        max(case when told_by = 'respondents' and source_reason is null and score is not null then 1 else 0 end)
            over (partition by {{ wave_keys }}) as has_respondents
    from scaled

),

judged as (

    select
        numbered.*,
        case
            when measure is null then null
            when told_by = 'counts' and told_segment is not null then 'part'
            when told_by = 'counts' and team_id is null and respondent_function is null then 'total'
            when told_by = 'counts' then 'other'
        end as slice,
        case
            when source_reason is not null then source_reason
            when measure is null then 'unmapped_question'
            when wave_date is null then 'no_wave_date'
            when measure = 'enps' and not (scale_low = 0 and scale_high = 10) then 'not_an_enps_scale'
            when told_by = 'respondents' and score is null then 'no_answer'
            when score < least(scale_low, scale_high) or score > greatest(scale_low, scale_high) then 'out_of_scale'
            when told_by = 'respondents' and respondent_key is not null and answer_of_respondent > 1 then 'duplicate'
            when told_by = 'respondents' then null
            when has_respondents = 1 then 'told_by_respondents'
            when n_responded is null then 'suppressed_by_tool'
            when measure = 'enps' and (n_promoters is null or n_detractors is null) then 'no_counts'
            when measure = 'enps' and n_promoters + n_detractors + coalesce(n_passives, 0) > n_responded then 'counts_disagree'
            when measure = 'enps' and n_passives is not null and n_promoters + n_detractors + n_passives <> n_responded
                then 'counts_disagree'
            when measure = 'stakeholder_satisfaction' and score is null then 'no_counts'
            when measure = 'stakeholder_satisfaction' and n_favourable > n_responded then 'counts_disagree'
        end as reason
    from numbered

),

counted as (

    select
        judged.*,
        case when told_by = 'respondents' then 1 else n_responded end as people,
        case
            when measure <> 'enps' then null
            when told_by = 'counts' then n_promoters
            when score >= 9 then 1
            else 0
        end as promoting,
        case
            when measure <> 'enps' then null
            when told_by = 'counts' then n_detractors
            when score <= 6 then 1
            else 0
        end as detracting,
        case
            when measure <> 'stakeholder_satisfaction' then null
            when told_by = 'counts' then n_favourable
            when mapped_score >= 4 then 1
            else 0
        end as favouring,
        case
            when measure <> 'stakeholder_satisfaction' then null
            when told_by = 'counts' then cast(cast(mapped_score as decimal(18, 9)) * cast(n_responded as decimal(18, 0)) as decimal(38, 9))
            else mapped_score
        end as scored
    from judged

),

-- Parts are taken before a total, and of the total what no part accounts for; a slice by something else than what the
-- measure is reported by tells of the same people once more.
sliced as (

    select
        counted.*,
        max(case when slice = 'part' and reason is null then 1 else 0 end) over (partition by {{ wave_keys }}) as has_parts,
        max(case when slice = 'total' and reason is null then 1 else 0 end) over (partition by {{ wave_keys }}) as has_total,
        {% for amount in ['people', 'promoting', 'detracting', 'favouring', 'scored'] %}
            sum(case when slice = 'part' and reason is null then {{ amount }} else 0 end) over (partition by {{ wave_keys }})
                as part_{{ amount }}{{ ',' if not loop.last }}
        {% endfor %}
    from counted

),

remaining as (

    select
        sliced.*,
        case
            when reason is not null then reason
            when slice = 'other' and (has_parts = 1 or has_total = 1) then 'another_slice'
            when slice = 'total' and has_parts = 1 and people = part_people then 'covered_by_parts'
            when
                slice = 'total'
                and has_parts = 1
                and (
                    people < part_people
                    or promoting < part_promoting
                    or detracting < part_detracting
                    or promoting + detracting - part_promoting - part_detracting > people - part_people
                )
                then 'counts_disagree'
        end as exclusion_reason,
        slice = 'total' and has_parts = 1 as is_remainder
    from sliced

)

select
    survey_id || '|' || wave_id || '|' || coalesce(question_code, 'unmapped') || '|' || told_by || '|'
    || cast(ordinal as {{ dbt.type_string() }}) as answer_id,
    told_by,
    survey_id,
    wave_id,
    wave_date,
    question_code,
    measure,
    coalesce(team_id, 'unmapped') as team_id,
    coalesce(respondent_function, 'unmapped') as respondent_function,
    score as original_score,
    scale_low,
    scale_high,
    case when measure = 'stakeholder_satisfaction' and exclusion_reason is null then mapped_score end as mapped_score,
    {% for column, amount in {
        'respondents': 'people', 'promoters': 'promoting', 'detractors': 'detracting', 'favourable': 'favouring',
    }.items() %}
        cast(
            case
                when exclusion_reason is not null then null
                when is_remainder then {{ amount }} - part_{{ amount }}
                else {{ amount }}
            end as bigint
        ) as {{ column }},
    {% endfor %}
    cast(
        case
            when exclusion_reason is not null then null
            when is_remainder then scored - part_scored
            else scored
        end as decimal(38, 9)
    ) as score_sum,
    exclusion_reason
from remaining
