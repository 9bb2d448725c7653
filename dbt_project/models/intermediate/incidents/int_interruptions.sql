{%- set business = var('on_call_business_hours') -%}
{%- set sleep = var('on_call_sleep_hours') -%}
with

pages as (

    select * from {{ ref('int_pages') }}

),

ownership as (

    select * from {{ ref('int_service_ownership') }}

),

days as (

    select * from {{ ref('dim_date') }}

),

placed as (

    select
        pages.page_id,
        pages.incident_id,
        pages.user_id,
        pages.user_time_zone,
        pages.service_id,
        pages.paged_at,
        coalesce(ownership.team_id, 'unmapped') as service_team_id,
        days.week_start_date,
        days.week_end_date,
        case
            when pages.is_email_only then 'email_only'
            when pages.urgency = 'low' then 'low_urgency'
            when coalesce(pages.urgency, '') <> 'high' then 'unknown_urgency'
        end as exclusion_reason
    from pages
    inner join days on {{ business_date('pages.paged_at') }} = days.date_day
    left join ownership
        on
            pages.service_id = ownership.service_id
            and {{ business_date('pages.paged_at') }} >= ownership.valid_from
            and {{ business_date('pages.paged_at') }} < ownership.valid_to

),

spaced as (

    select
        page_id,
        user_id,
        paged_at,
        lag(paged_at) over (partition by user_id order by paged_at, page_id) as previous_paged_at
    from placed
    where exclusion_reason is null

),

numbered as (

    select
        page_id,
        user_id,
        paged_at,
        sum(
            case
                when {{ seconds_between('previous_paged_at', 'paged_at') }} <= {{ var('on_call_interruption_seconds') }} then 0
                else 1
            end
        ) over (
            partition by user_id
            order by paged_at, page_id
            rows between unbounded preceding and current row
        ) as interruption_number
    from spaced

),

interruptions as (

    select
        page_id,
        first_value(page_id) over (
            partition by user_id, interruption_number
            order by paged_at, page_id
        ) as interruption_id
    from numbered

),

told as (

    select
        placed.page_id,
        interruptions.interruption_id,
        placed.incident_id,
        placed.user_id,
        placed.service_id,
        placed.service_team_id,
        placed.paged_at,
        placed.week_start_date,
        placed.week_end_date,
        {{ local_timestamp('placed.paged_at', 'placed.user_time_zone') }} as local_at,
        case
            when placed.exclusion_reason is not null then placed.exclusion_reason
            when interruptions.interruption_id <> placed.page_id then 'same_interruption'
        end as exclusion_reason
    from placed
    left join interruptions on placed.page_id = interruptions.page_id

),

clocked as (

    select
        page_id,
        interruption_id,
        incident_id,
        user_id,
        service_id,
        service_team_id,
        paged_at,
        week_start_date,
        week_end_date,
        local_at,
        extract(hour from local_at) as local_hour,
        {{ dbt.datediff("cast('1970-01-05' as date)", 'cast(local_at as date)', 'day') }} % 7 + 1 as local_weekday,
        exclusion_reason
    from told

)

select
    page_id,
    interruption_id,
    incident_id,
    user_id,
    service_id,
    service_team_id,
    paged_at,
    week_start_date,
    week_end_date,
    case
        when local_at is null then null
        when
            {% if sleep['from'] > sleep['to'] -%}
                local_hour >= {{ sleep['from'] }} or local_hour < {{ sleep['to'] }}
            {%- else -%}
                local_hour >= {{ sleep['from'] }} and local_hour < {{ sleep['to'] }}
            {%- endif %}
            then 'sleep'
        when
            local_weekday <= {{ business['days'] }}
            and local_hour >= {{ business['from'] }}
            and local_hour < {{ business['to'] }}
            then 'business'
        else 'off'
    end as hours,
    exclusion_reason
from clocked
