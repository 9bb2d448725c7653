with responses as (
    select * from {{ source('raw_surveys', 'qualtrics_responses') }}
),

embedded as (
    select
        response_id,
        max(case when field_name in ('wave', 'wave_id') then trim(field_value) end) as wave_id,
        max(case when field_name in ('team', 'team_id') then trim(field_value) end) as team_id,
        max(case when field_name in ('function', 'respondent_function') then trim(field_value) end) as respondent_function
    from {{ source('raw_surveys', 'qualtrics_embedded_data') }}
    group by response_id
),

placed as (
    select
        responses.response_id,
        responses.survey_id,
        responses.is_finished,
        responses.progress,
        lower(trim(responses.status)) as status,
        responses.distribution_channel,
        responses.recorded_at,
        {{ business_date('responses.recorded_at') }} as recorded_date,
        responses.scores,
        coalesce(nullif(trim(responses.wave_id), ''), nullif(embedded.wave_id, '')) as wave_id,
        coalesce(nullif(trim(responses.team_id), ''), nullif(embedded.team_id, '')) as team_id,
        coalesce(nullif(trim(responses.respondent_function), ''), nullif(embedded.respondent_function, '')) as respondent_function
    from responses
    left join embedded on responses.response_id = embedded.response_id
)

select
    response_id,
    survey_id,
    coalesce(
        wave_id,
        cast(extract(year from recorded_date) as {{ dbt.type_string() }})
        || '-Q' || cast(extract(quarter from recorded_date) as {{ dbt.type_string() }})
    ) as wave_id,
    lower(team_id) as team_id,
    {{ slug('respondent_function') }} as respondent_function,
    -- Previews, tests, spam and imports have codes above 0; exports in words call a real response after its address.
    coalesce(status not in ('0', 'ip address'), false) as is_test,
    coalesce(is_finished, progress = 100, false) as is_finished,
    distribution_channel,
    recorded_at,
    recorded_date,
    scores
from placed
