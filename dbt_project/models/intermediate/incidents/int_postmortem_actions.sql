with work_items as (

    select
        work_item_id,
        item_key,
        service_id,
        due_date,
        due_date_now,
        created_at,
        done_at,
        is_postmortem_action,
        exclusion_reason
    from {{ ref('int_work_items') }}

),

listed as (

    select
        action_id,
        coalesce(work_item, action_id) as item_key,
        service_id,
        created_on,
        coalesce(first_due_date, due_date) as due_date,
        -- A list that has only the first date says nothing of a later one.
        coalesce(due_date, first_due_date) as due_date_now,
        completed_on,
        status
    from {{ ref('stg_catalogue__postmortem_actions') }}

),

listed_keys as (

    select distinct lower(item_key) as item_key
    from listed

),

-- What stands in the list and in the tracker is one action, and the tracker knows its history.
tracked as (

    select
        work_items.work_item_id,
        work_items.item_key,
        work_items.service_id,
        work_items.due_date,
        work_items.due_date_now,
        work_items.created_at,
        work_items.done_at,
        case when work_items.exclusion_reason <> 'negative_span' then work_items.exclusion_reason end as exclusion_reason
    from work_items
    left join listed_keys on lower(work_items.item_key) = listed_keys.item_key
    where work_items.is_postmortem_action or listed_keys.item_key is not null

),

-- A due date that only the list knows is better than none.
listed_dates as (

    select
        lower(item_key) as item_key,
        min(due_date) as due_date,
        max(due_date_now) as due_date_now
    from listed
    group by lower(item_key)

)

select
    tracked.work_item_id as action_id,
    tracked.service_id,
    {{ business_date('tracked.created_at') }} as created_date,
    coalesce(tracked.due_date, listed_dates.due_date) as due_date,
    coalesce(tracked.due_date_now, listed_dates.due_date_now) as due_date_now,
    {{ business_date('tracked.done_at') }} as completed_date,
    tracked.exclusion_reason
from tracked
left join listed_dates on lower(tracked.item_key) = listed_dates.item_key
union all
select
    'catalogue:' || listed.action_id as action_id,
    coalesce(listed.service_id, 'unmapped') as service_id,
    listed.created_on as created_date,
    listed.due_date,
    listed.due_date_now,
    listed.completed_on as completed_date,
    case when listed.status = 'cancelled' then 'cancelled' end as exclusion_reason
from listed
left join tracked on lower(listed.item_key) = lower(tracked.item_key)
where tracked.work_item_id is null
