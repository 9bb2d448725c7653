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

counted as (

    select
        days.month_start_date,
        days.month_end_date,
        pages.service_id,
        coalesce(incidents.alert, 'untitled') as alert,
        count(*) as pages,
        count(distinct pages.incident_id) as incidents,
        sum(case when responses.acted_at is not null then 1 else 0 end) as acted_pages,
        sum(case when responses.acknowledged_at is null then 1 else 0 end) as unacknowledged_pages,
        sum(case when coalesce(responses.is_auto_resolved, false) then 1 else 0 end) as auto_resolved_pages
    from pages
    inner join incidents on pages.incident_id = incidents.incident_id
    inner join days on pages.page_date = days.date_day
    left join responses on pages.incident_id = responses.incident_id
    group by days.month_start_date, days.month_end_date, pages.service_id, coalesce(incidents.alert, 'untitled')

),

ownership as (

    select * from {{ ref('int_service_ownership') }}

)

select
    counted.month_start_date,
    counted.service_id,
    counted.alert,
    coalesce(ownership.team_id, 'unmapped') as team_id,
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
