with items as (

    select
        work_item_id,
        source_system,
        project_key,
        type_raw,
        resolution,
        priority,
        found_in,
        reporter_group,
        labels,
        components,
        linked_types,
        epic_key,
        epic_title
    from {{ ref('int_told_work_items') }}

),

listed as (

    select
        work_item_id,
        source_system,
        'label' as field,
        element
    from ({{ explode_json_array('items', ['work_item_id', 'source_system'], 'labels') }}) as labels
    union all
    select
        work_item_id,
        source_system,
        'component' as field,
        element
    from ({{ explode_json_array('items', ['work_item_id', 'source_system'], 'components') }}) as components
    union all
    select
        work_item_id,
        source_system,
        'linked_type' as field,
        element
    from ({{ explode_json_array('items', ['work_item_id', 'source_system'], 'linked_types') }}) as linked_types

),

told as (

    select
        work_item_id,
        source_system,
        field,
        coalesce({{ json_text(valid_json('element'), 'name') }}, element) as text_value
    from listed
    union all
    {% for field, column in {
        'type': 'type_raw', 'project': 'project_key', 'resolution': 'resolution', 'priority': 'priority',
        'found_in': 'found_in', 'reporter_group': 'reporter_group', 'epic': 'epic_key', 'epic_title': 'epic_title',
    }.items() -%}
    select
        work_item_id,
        source_system,
        '{{ field }}' as field,
        {{ column }} as text_value
    from items
    {{ 'union all' if not loop.last }}
    {% endfor %}

)

select distinct
    work_item_id,
    source_system,
    field,
    lower(trim(text_value)) as text_value
from told
where trim(text_value) <> ''
