with responses as (
    select
        response_id,
        scores
    from {{ source('raw_surveys', 'qualtrics_responses') }}
    where scores is not null
),

question_responses as (
    select * from {{ source('raw_surveys', 'qualtrics_question_responses') }}
),

exported as (
    {{ explode_json_object('responses', ['response_id'], 'scores') }}
),

-- The statement of a matrix is part of the question's name, as it is in Qualtrics' own export.
connected as (
    select
        response_id,
        question_id || coalesce('_' || sub_question_key, '') as question_code,
        value,
        loop_id,
        question_option_key
    from question_responses
),

answers as (
    select
        response_id,
        {{ slug('member_key') }} as question_code,
        cast(member_value as decimal(38, 9)) as score
    from exported
    union
    select
        response_id,
        {{ slug('question_code') }} as question_code,
        cast(value as decimal(38, 9)) as score
    from connected
    -- A loop asks of something else each time, and of several options none is the answer.
    where loop_id is null and question_option_key is null
),

-- Both exports may tell of one response.
numbered as (
    select
        response_id,
        question_code,
        score,
        row_number() over (partition by response_id, question_code order by score desc nulls last) as line
    from answers
)

select
    response_id,
    question_code,
    score
from numbered
where line = 1
