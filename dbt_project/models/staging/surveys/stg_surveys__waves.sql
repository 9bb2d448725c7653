with waves as (
    select * from {{ source('raw_surveys', 'waves') }}
),

-- One delivery may name a wave twice: the later end holds.
numbered as (
    select
        trim(survey_id) as survey_id,
        trim(wave_id) as wave_id,
        trim(wave_name) as wave_name,
        opened_on,
        closed_on,
        row_number() over (
            partition by trim(survey_id), trim(wave_id)
            order by closed_on desc nulls last, opened_on asc nulls last, wave_name asc
        ) as line
    from waves
)

select
    survey_id,
    wave_id,
    wave_name,
    opened_on,
    closed_on
from numbered
where line = 1
