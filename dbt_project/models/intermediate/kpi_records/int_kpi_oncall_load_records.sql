{%- set hours = {
    'oncall_business_hours_share': 'business',
    'oncall_off_hours_share': 'off',
    'oncall_sleep_hours_share': 'sleep',
} -%}
with

interruptions as (

    select * from {{ ref('int_interruptions') }}
    where week_end_date <= cast('{{ var("as_of_date") }}' as date)

),

engineers as (

    select * from {{ ref('int_on_call_weeks') }}

),

known_weeks as (

    select distinct week_start_date
    from engineers
    where is_schedule_known

),

-- Whoever was paged carries the page: it counts for the team that they were on call for, whoever owns the service.
pages as (

    select
        'page|' || interruptions.page_id as record_id,
        interruptions.week_end_date,
        coalesce(engineers.team_id, interruptions.service_team_id) as team_id,
        interruptions.hours,
        coalesce(
            interruptions.exclusion_reason, case when known_weeks.week_start_date is null then 'no_schedule' end
        ) as exclusion_reason
    from interruptions
    left join engineers
        on
            interruptions.week_start_date = engineers.week_start_date
            and interruptions.user_id = engineers.user_id
    left join known_weeks on interruptions.week_start_date = known_weeks.week_start_date

),

engineer_weeks as (

    select
        'engineer|' || engineer_week_id as record_id,
        week_end_date,
        team_id,
        pages,
        case when not is_schedule_known then 'no_schedule' end as exclusion_reason
    from engineers

),

records as (

    select
        'oncall_load' as kpi_id,
        record_id,
        week_end_date,
        team_id,
        1 as numerator,
        0 as denominator,
        cast(null as bigint) as measured,
        exclusion_reason
    from pages
    union all
    select
        'oncall_load' as kpi_id,
        record_id,
        week_end_date,
        team_id,
        0 as numerator,
        1 as denominator,
        cast(null as bigint) as measured,
        exclusion_reason
    from engineer_weeks
    {% for kpi_id in ['oncall_load_p90', 'oncall_load_maximum'] %}
        union all
        select
            '{{ kpi_id }}' as kpi_id,
            record_id,
            week_end_date,
            team_id,
            0 as numerator,
            0 as denominator,
            pages as measured,
            exclusion_reason
        from engineer_weeks
    {% endfor %}
    {% for kpi_id, kind in hours.items() %}
        union all
        select
            '{{ kpi_id }}' as kpi_id,
            record_id,
            week_end_date,
            team_id,
            case when hours = '{{ kind }}' then 1 else 0 end as numerator,
            1 as denominator,
            cast(null as bigint) as measured,
            coalesce(exclusion_reason, case when hours is null then 'no_time_zone' end) as exclusion_reason
        from pages
    {% endfor %}

)

select
    kpi_id,
    record_id,
    week_end_date as event_date,
    cast(null as {{ dbt.type_string() }}) as service_id,
    team_id,
    cast(null as {{ dbt.type_string() }}) as severity,
    cast(null as {{ dbt.type_string() }}) as provider,
    cast(null as {{ dbt.type_string() }}) as customer_id,
    cast(case when exclusion_reason is null then numerator else 0 end as decimal(38, 9)) as numerator,
    cast(case when exclusion_reason is null then denominator else 0 end as decimal(38, 9)) as denominator,
    cast(case when exclusion_reason is null then measured end as double) as measured,
    exclusion_reason
from records
