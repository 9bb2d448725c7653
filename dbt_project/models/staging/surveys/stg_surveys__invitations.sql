with invitations as (
    select * from {{ source('raw_surveys', 'invitations') }}
)

select
    trim(survey_id) as survey_id,
    trim(wave_id) as wave_id,
    lower(nullif(trim(team_id), '')) as team_id,
    nullif({{ slug('respondent_function') }}, '') as respondent_function,
    invited
from invitations
