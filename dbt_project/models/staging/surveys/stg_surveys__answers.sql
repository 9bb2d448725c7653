with answers as (
    select * from {{ source('raw_surveys', 'answers') }}
)

select
    trim(survey_id) as survey_id,
    trim(wave_id) as wave_id,
    -- No longer the pseudonym that other systems' tables know the same person by.
    case when respondent_id is not null then {{ hash_text(["'survey'", 'trim(survey_id)', 'trim(wave_id)', 'respondent_id']) }} end
        as respondent_key,
    answered_at,
    {{ slug('question_code') }} as question_code,
    score,
    scale_min,
    scale_max,
    lower(nullif(trim(team_id), '')) as team_id,
    nullif({{ slug('respondent_function') }}, '') as respondent_function,
    _file_id,
    _row
from answers
