with items as (

    select
        work_item_id,
        source_system,
        item_key,
        repository,
        project_key,
        type_raw,
        status_id,
        status_name,
        status_category,
        resolution,
        title,
        epic_key,
        points,
        reporter_id,
        created_at,
        told_started_at,
        told_done_at,
        told_due_date,
        logged_seconds,
        logged_by_count,
        is_sla_breached,
        exclusion_reason
    from {{ ref('int_told_work_items') }}

),

facets as (

    select
        work_item_id,
        source_system,
        field,
        text_value
    from {{ ref('int_work_item_facets') }}

),

lists as (

    select
        work_item_id,
        {{ distinct_list_text("case when field = 'label' then text_value end") }} as labels,
        {{ distinct_list_text("case when field = 'component' then text_value end") }} as components
    from facets
    where field in ('label', 'component')
    group by work_item_id

),

-- A component is nearer to a service than the project in which it lies.
named_services as (

    select
        facets.work_item_id,
        identifiers.service_id,
        row_number() over (
            partition by facets.work_item_id
            order by case facets.field when 'component' then 1 else 2 end asc, facets.text_value asc
        ) as position
    from facets
    inner join {{ ref('int_service_identifiers') }} as identifiers
        on
            facets.source_system = identifiers.tool
            and facets.text_value = identifiers.identifier
    where facets.field in ('component', 'project')

),

rulings as (

    select
        work_item_id,
        max(case when concept = 'work_type' then outcome end) as work_type,
        max(case when concept = 'exclusion' then outcome end) as exclusion_reason,
        max(case when concept = 'found_in' then outcome end) as found_in,
        max(case when concept = 'postmortem_action' then outcome end) as postmortem_action,
        max(case when concept = 'investment' then outcome end) as investment_category
    from {{ ref('int_work_item_rulings') }}
    group by work_item_id

),

changes as (

    select
        work_item_id,
        field,
        to_value,
        from_state,
        to_state,
        changed_at,
        change_order
    from {{ ref('int_work_item_changes') }}

),

-- From one closed status into another is no second end.
history as (

    select
        work_item_id,
        min(case when to_state = 'in_progress' then changed_at end) as first_in_progress_at,
        max(case when to_state = 'done' and coalesce(from_state, '') <> 'done' then changed_at end) as last_done_at
    from changes
    where field = 'status'
    group by work_item_id

),

first_due_dates as (

    select
        work_item_id,
        to_value,
        row_number() over (partition by work_item_id order by changed_at asc, change_order asc, to_value asc) as position
    from changes
    where field = 'due_date' and to_value is not null

),

statuses as (

    select
        system,
        raw_value,
        status
    from {{ ref('status_map') }}
    where concept = 'work_item'

),

staged as (

    select
        items.work_item_id,
        items.told_started_at,
        items.told_done_at,
        coalesce(statuses.status, items.status_category, 'unmapped') as state
    from items
    left join statuses
        on
            items.source_system = statuses.system
            and lower(items.status_id) = statuses.raw_value

)

select
    items.work_item_id,
    items.source_system,
    items.item_key,
    items.repository,
    items.project_key,
    case
        when items.repository is not null and repositories.service_id <> 'unmapped' then repositories.service_id
        else coalesce(named_services.service_id, 'unmapped')
    end as service_id,
    cast(null as string) as team_id,
    items.type_raw,
    coalesce(rulings.work_type, 'unmapped') as work_type,
    items.status_name,
    staged.state,
    items.resolution,
    items.title,
    items.points,
    items.created_at,
    coalesce(history.first_in_progress_at, items.told_started_at) as started_at,
    case when staged.state = 'done' then coalesce(history.last_done_at, items.told_done_at) end as done_at,
    coalesce(cast(first_due_dates.to_value as date), items.told_due_date) as due_date,
    items.told_due_date as due_date_now,
    items.reporter_id as author_id,
    bots.account_id is not null as is_bot,
    lists.labels,
    lists.components,
    items.epic_key,
    coalesce(rulings.found_in, 'unmapped') as found_in,
    rulings.postmortem_action is not null as is_postmortem_action,
    coalesce(rulings.investment_category, 'unclassified') as investment_category,
    items.logged_seconds,
    items.logged_by_count,
    items.is_sla_breached,
    coalesce(items.exclusion_reason, rulings.exclusion_reason) as exclusion_reason
from items
inner join staged on items.work_item_id = staged.work_item_id
left join {{ ref('int_known_repositories') }} as repositories on items.repository = repositories.repository
left join {{ ref('int_bot_accounts') }} as bots on items.reporter_id = bots.account_id
left join lists on items.work_item_id = lists.work_item_id
left join named_services
    on
        items.work_item_id = named_services.work_item_id
        and named_services.position = 1
left join rulings on items.work_item_id = rulings.work_item_id
left join history on items.work_item_id = history.work_item_id
left join first_due_dates
    on
        items.work_item_id = first_due_dates.work_item_id
        and first_due_dates.position = 1
