-- A revision holds every field, changed or not: what differs from the revision before is what changed. Items of which
-- only a CSV is known have no history.
{{ config(materialized='view') }}

with revisions as (

    select
        coalesce(organization || '/', '') || cast(work_item_id as string) as item_key,
        revision,
        created_at,
        changed_at,
        lower(state) as status,
        lower(work_item_type) as item_type,
        coalesce(organization || '/', '') || translate(iteration_path, chr(92), '/') as sprint,
        cast({{ business_date('due_at') }} as string) as due_date
    from {{ ref('stg_azure_devops__work_items') }}
    -- Deleting an item empties fields of it: that is no change of them.
    where revision is not null and not coalesce(is_deleted, false)

),

compared as (

    {% for field, column in {'status': 'status', 'type': 'item_type', 'sprint': 'sprint', 'due_date': 'due_date'}.items() -%}
    select
        item_key,
        '{{ field }}' as field,
        lag({{ column }}) over (partition by item_key order by revision) as from_value,
        {{ column }} as to_value,
        -- The report may begin later than the item: its first revision told is where the history begins.
        row_number() over (partition by item_key order by revision) = 1 as is_initial,
        case when revision = 1 then created_at else changed_at end as changed_at,
        revision
    from revisions
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

changed as (

    select
        item_key,
        field,
        from_value,
        to_value,
        is_initial,
        changed_at,
        revision
    from compared
    where coalesce(from_value, '') <> coalesce(to_value, '')

)

select
    'azure_devops' as source_system,
    item_key,
    field,
    from_value,
    to_value,
    cast(null as string) as from_category,
    cast(null as string) as to_category,
    changed_at,
    revision * 2 as change_order,
    is_initial
from changed
where field <> 'sprint'
union all
-- A move from one sprint to the next leaves the one and then joins the other.
select
    'azure_devops' as source_system,
    item_key,
    field,
    from_value,
    cast(null as string) as to_value,
    cast(null as string) as from_category,
    cast(null as string) as to_category,
    changed_at,
    revision * 2 as change_order,
    false as is_initial
from changed
where field = 'sprint' and from_value is not null
union all
select
    'azure_devops' as source_system,
    item_key,
    field,
    cast(null as string) as from_value,
    to_value,
    cast(null as string) as from_category,
    cast(null as string) as to_category,
    changed_at,
    revision * 2 + 1 as change_order,
    is_initial
from changed
where field = 'sprint' and to_value is not null
