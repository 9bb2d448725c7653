-- Custom fields differ from account to account; the seed says which of them we read and what they mean. Systems tell
-- them as a list of objects with a name and a value, or as one object of values by name.
with told as (

    select
        'pagerduty' as source_system,
        'pagerduty:' || incident_id as incident_id,
        custom_fields
    from {{ ref('stg_pagerduty__incidents') }}
    where custom_fields is not null
    union all
    select
        'opsgenie' as source_system,
        'opsgenie:' || incident_id as incident_id,
        extra_properties as custom_fields
    from {{ ref('stg_opsgenie__incidents') }}
    where extra_properties is not null
    union all
    select
        'opsgenie' as source_system,
        'opsgenie:' || incident_id as incident_id,
        concat('{"impacted_services": ', impacted_services, '}') as custom_fields
    from {{ ref('stg_opsgenie__incidents') }}
    where impacted_services is not null
    union all
    select
        'servicenow' as source_system,
        'servicenow:' || incident_number as incident_id,
        custom_fields
    from {{ ref('stg_servicenow__incidents') }}
    where custom_fields is not null

),

told_lists as (

    select
        source_system,
        incident_id,
        custom_fields
    from told
    where substring(custom_fields, 1, 1) = '['

),

told_objects as (

    select
        source_system,
        incident_id,
        custom_fields
    from told
    where substring(custom_fields, 1, 1) = '{'

),

list_elements as (

    {{ explode_json_array('told_lists', ['source_system', 'incident_id'], 'custom_fields', 'field_element') }}

),

object_members as (

    {{ explode_json_object('told_objects', ['source_system', 'incident_id'], 'custom_fields') }}

),

listed as (

    select
        source_system,
        incident_id,
        coalesce(
            {{ json_text('field_element', 'name') }},
            {{ json_text('field_element', 'display_name') }}
        ) as field_name,
        {{ json_text('field_element', 'value') }} as field_value
    from list_elements
    union all
    select
        source_system,
        incident_id,
        member_key as field_name,
        -- ServiceNow may tell a value together with its label.
        case
            when substring(member_value, 1, 1) = '{' then {{ json_text(valid_json('member_value'), 'value') }}
            else member_value
        end as field_value
    from object_members

),

named as (

    select
        listed.source_system,
        listed.incident_id,
        known.meaning,
        listed.field_value
    from listed
    inner join {{ ref('incident_fields') }} as known
        on
            listed.source_system = known.system
            and lower(listed.field_name) = known.field_name

),

lists as (

    select
        source_system,
        incident_id,
        meaning,
        {{ valid_json('field_value') }} as field_value
    from named
    where field_value like '[%'

),

listed_values as (

    {{ explode_json_array('lists', ['source_system', 'incident_id', 'meaning'], 'field_value', 'value_element') }}

)

select
    source_system,
    incident_id,
    meaning,
    field_value
from named
where field_value is not null and field_value not like '[%'
union
select
    source_system,
    incident_id,
    meaning,
    value_element as field_value
from listed_values
where value_element is not null
