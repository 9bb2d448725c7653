with github_issues as (

    select
        source_system,
        item_key,
        created_at,
        told_done_at
    from {{ ref('int_github_work_items') }}

),

-- A tracker with a history is one more select here: see the columns' descriptions.
told as (

    select
        source_system,
        item_key,
        'status' as field,
        cast(null as string) as from_value,
        'open' as to_value,
        cast(null as string) as from_category,
        cast(null as string) as to_category,
        created_at as changed_at,
        cast(0 as bigint) as change_order,
        true as is_initial
    from github_issues
    union all
    select
        source_system,
        item_key,
        'status' as field,
        'open' as from_value,
        'closed' as to_value,
        cast(null as string) as from_category,
        cast(null as string) as to_category,
        told_done_at as changed_at,
        cast(1 as bigint) as change_order,
        false as is_initial
    from github_issues
    where told_done_at is not null
    union all
    select
        source_system,
        item_key,
        field,
        from_value,
        to_value,
        from_category,
        to_category,
        changed_at,
        change_order,
        is_initial
    from {{ ref('int_jira_work_item_changes') }}
    union all
    select
        source_system,
        item_key,
        field,
        from_value,
        to_value,
        from_category,
        to_category,
        changed_at,
        change_order,
        is_initial
    from {{ ref('int_azure_devops_work_item_changes') }}

),

statuses as (

    select
        system,
        raw_value,
        status
    from {{ ref('status_map') }}
    where concept = 'work_item'

)

select
    told.source_system || ':' || told.item_key as work_item_id,
    told.source_system,
    told.field,
    told.from_value,
    told.to_value,
    case
        when told.field = 'status' and told.from_value is not null
            then coalesce(from_statuses.status, told.from_category, 'unmapped')
    end as from_state,
    case
        when told.field = 'status' and told.to_value is not null
            then coalesce(to_statuses.status, told.to_category, 'unmapped')
    end as to_state,
    told.changed_at,
    told.change_order,
    told.is_initial
from told
left join statuses as from_statuses
    on
        told.field = 'status'
        and told.source_system = from_statuses.system
        and lower(told.from_value) = from_statuses.raw_value
left join statuses as to_statuses
    on
        told.field = 'status'
        and told.source_system = to_statuses.system
        and lower(told.to_value) = to_statuses.raw_value
