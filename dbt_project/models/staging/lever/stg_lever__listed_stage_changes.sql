with

source as (

    select
        opportunity_id,
        stage_changes
    from {{ ref('stg_lever__opportunities') }}

),

elements as (

    {{ explode_json_array('source', ['opportunity_id'], 'stage_changes', 'stage_change') }}

)

select
    opportunity_id,
    {{ dbt.dateadd(
        'second',
        'cast(' ~ whole_quotient('cast(' ~ json_text('stage_change', 'updatedAt') ~ ' as bigint)', '1000') ~ ' as int)',
        "cast('1970-01-01 00:00:00' as timestamp)",
    ) }} as changed_at,
    {{ json_text('stage_change', 'toStageId') }} as to_stage_id
from elements
