-- Custom fields differ from account to account; the seed says which of them we read and what they mean.
with incidents as (

    select
        incident_id,
        custom_fields
    from {{ ref('stg_pagerduty__incidents') }}
    where custom_fields is not null

),

listed as (

    {{ explode_json_array('incidents', ['incident_id'], 'custom_fields', 'field_element') }}

),

named as (

    select
        listed.incident_id,
        known.meaning,
        {{ json_text('listed.field_element', 'value') }} as field_value
    from listed
    inner join {{ ref('incident_fields') }} as known
        on
            known.system = 'pagerduty'
            and lower(
                coalesce(
                    {{ json_text('listed.field_element', 'name') }},
                    {{ json_text('listed.field_element', 'display_name') }}
                )
            )
            = known.field_name

),

lists as (

    select
        incident_id,
        meaning,
        {{ valid_json('field_value') }} as field_value
    from named
    where field_value like '[%'

),

listed_values as (

    {{ explode_json_array('lists', ['incident_id', 'meaning'], 'field_value', 'value_element') }}

)

select
    'pagerduty:' || incident_id as incident_id,
    meaning,
    field_value
from named
where field_value is not null and field_value not like '[%'
union
select
    'pagerduty:' || incident_id as incident_id,
    meaning,
    value_element as field_value
from listed_values
where value_element is not null
