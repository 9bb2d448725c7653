with

source as (

    select
        job_id,
        openings
    from {{ ref('stg_greenhouse__jobs') }}

),

elements as (

    {{ explode_json_array('source', ['job_id'], 'openings', 'opening') }}

)

select
    job_id,
    {{ json_text('opening', 'id') }} as opening_id,
    {{ slug(json_text('opening', 'status')) }} as status,
    {{ instant_from_text(json_text('opening', 'opened_at')) }} as opened_at,
    {{ instant_from_text(json_text('opening', 'closed_at')) }} as closed_at,
    {{ json_text('opening', 'application_id') }} as application_id,
    {{ json_text('opening', 'close_reason.id') }} as close_reason_id,
    {{ json_text('opening', 'close_reason.name') }} as close_reason
from elements
