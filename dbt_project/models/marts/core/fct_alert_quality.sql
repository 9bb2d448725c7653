with

-- Each page is somebody called about one incident, whether or not another came in the same minute.
pages as (

    select
        page_id,
        incident_id,
        service_id,
        {{ business_date('paged_at') }} as page_date
    from {{ ref('int_interruptions') }}
    where interruption_id is not null

),

incidents as (

    select
        incident_id,
        {{ without_numbers('lower(trim(title))') }} as alert
    from {{ ref('int_incidents') }}
    where coalesce(exclusion_reason, '') <> 'test'
    union all
    select
        alert_id as incident_id,
        {{ without_numbers('lower(trim(title))') }} as alert
    from {{ ref('int_alerts') }}
    where not is_test

),

responses as (

    select * from {{ ref('int_incident_responses') }}

),

days as (

    select * from {{ ref('dim_date') }}

),

paged as (

    select
        days.month_start_date,
        days.month_end_date,
        pages.service_id,
        coalesce(incidents.alert, 'untitled') as alert,
        pages.incident_id,
        0 as alerts,
        1 as pages,
        case when responses.acted_at is not null then 1 else 0 end as acted_pages,
        case when responses.acknowledged_at is null then 1 else 0 end as unacknowledged_pages,
        case when coalesce(responses.is_auto_resolved, false) then 1 else 0 end as auto_resolved_pages
    from pages
    inner join incidents on pages.incident_id = incidents.incident_id
    inner join days on pages.page_date = days.date_day
    left join responses on pages.incident_id = responses.incident_id

),

raised as (

    select
        days.month_start_date,
        days.month_end_date,
        alerts.service_id,
        coalesce({{ without_numbers('lower(trim(alerts.title))') }}, 'untitled') as alert,
        cast(null as string) as incident_id,
        1 as alerts,
        0 as pages,
        0 as acted_pages,
        0 as unacknowledged_pages,
        0 as auto_resolved_pages
    from {{ ref('int_alerts') }} as alerts
    inner join days on {{ business_date('alerts.created_at') }} = days.date_day
    where not alerts.is_test

),

told as (

    select * from paged
    union all
    select * from raised

),

counted as (

    select
        month_start_date,
        month_end_date,
        service_id,
        alert,
        sum(alerts) as alerts,
        sum(pages) as pages,
        count(distinct incident_id) as incidents,
        sum(acted_pages) as acted_pages,
        sum(unacknowledged_pages) as unacknowledged_pages,
        sum(auto_resolved_pages) as auto_resolved_pages
    from told
    group by month_start_date, month_end_date, service_id, alert

),

ownership as (

    select * from {{ ref('int_service_ownership') }}

)

select
    counted.month_start_date,
    counted.service_id,
    counted.alert,
    coalesce(ownership.team_id, 'unmapped') as team_id,
    cast(counted.alerts as bigint) as alerts,
    cast(counted.incidents as bigint) as incidents,
    cast(counted.pages as bigint) as pages,
    cast(counted.acted_pages as bigint) as acted_pages,
    cast(counted.unacknowledged_pages as bigint) as unacknowledged_pages,
    cast(counted.auto_resolved_pages as bigint) as auto_resolved_pages,
    cast(counted.acted_pages as double) / nullif(counted.pages, 0) as action_rate,
    cast(
        row_number() over (
            partition by counted.month_start_date
            order by
                counted.pages - counted.acted_pages desc,
                counted.pages desc,
                counted.alerts desc,
                counted.service_id asc,
                counted.alert asc
        ) as bigint
    ) as noise_rank
from counted
left join ownership
    on
        counted.service_id = ownership.service_id
        and least(counted.month_end_date, cast('{{ var("as_of_date") }}' as date)) >= ownership.valid_from
        and least(counted.month_end_date, cast('{{ var("as_of_date") }}' as date)) < ownership.valid_to
