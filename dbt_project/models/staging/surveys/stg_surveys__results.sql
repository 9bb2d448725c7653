with results as (
    select * from {{ source('raw_surveys', 'results') }}
)

select
    trim(survey_id) as survey_id,
    trim(wave_id) as wave_id,
    wave_date,
    {{ slug('question_code') }} as question_code,
    scale_min,
    scale_max,
    lower(nullif(trim(team_id), '')) as team_id,
    nullif({{ slug('respondent_function') }}, '') as respondent_function,
    n_invited,
    n_responded,
    n_promoters,
    n_passives,
    n_detractors,
    mean_score,
    n_favourable
from results
