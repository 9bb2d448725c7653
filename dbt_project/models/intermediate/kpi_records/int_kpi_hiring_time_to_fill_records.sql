with

openings as (

    select
        source_system,
        opening_id,
        source_system || ':' || opening_id as record_id,
        team_id,
        is_evergreen,
        opening_status,
        opened_date,
        closed_date,
        accepted_date,
        time_to_fill_days,
        time_to_hire_days,
        exclusion_reason
    from {{ ref('int_openings') }}

),

offers as (

    select * from {{ ref('int_offers') }}

),

month_ends as (

    select distinct least(month_end_date, cast('{{ var("as_of_date") }}' as date)) as month_end_date
    from {{ ref('dim_date') }}
    where date_day <= cast('{{ var("as_of_date") }}' as date)

),

filled as (

    select
        record_id,
        coalesce(accepted_date, closed_date, opened_date) as event_date,
        team_id,
        time_to_fill_days,
        time_to_hire_days,
        exclusion_reason,
        case
            when exclusion_reason is not null then exclusion_reason
            when time_to_hire_days is null then 'no_application_date'
            when time_to_hire_days < 0 then 'negative_span'
        end as hire_exclusion_reason
    from openings

),

settled as (

    select
        source_system || ':' || application_id as record_id,
        coalesce(settled_date, sent_date, created_date) as event_date,
        team_id,
        case when offer_status = 'accepted' then 1 else 0 end as accepted,
        case
            when offer_status in ('pending', 'withdrawn') then offer_status
            when offer_status = 'unmapped' then 'unmapped_status'
            when settled_date is null then 'no_settled_date'
        end as exclusion_reason
    from offers

),

-- A seat is open at a month's end if it had been opened and neither filled nor closed by then: as it stands today, for
-- the systems do not tell that an opening was closed and opened again.
open_at_month_ends as (

    select
        openings.record_id,
        month_ends.month_end_date as event_date,
        openings.team_id,
        {{ dbt.datediff('openings.opened_date', 'month_ends.month_end_date', 'day') }} as open_days
    from openings
    inner join month_ends
        on
            openings.opened_date <= month_ends.month_end_date
            and (
                openings.opening_status in ('open', 'on_hold')
                or coalesce(openings.accepted_date, openings.closed_date) > month_ends.month_end_date
            )
    where not openings.is_evergreen

),

records as (

    select
        'hiring_time_to_fill' as kpi_id,
        record_id,
        event_date,
        team_id,
        0 as numerator,
        0 as denominator,
        time_to_fill_days as measured,
        exclusion_reason
    from filled

    union all

    select
        'hiring_time_to_hire' as kpi_id,
        record_id,
        event_date,
        team_id,
        0 as numerator,
        0 as denominator,
        time_to_hire_days as measured,
        hire_exclusion_reason as exclusion_reason
    from filled

    union all

    select
        'offer_acceptance_rate' as kpi_id,
        record_id,
        event_date,
        team_id,
        accepted as numerator,
        1 as denominator,
        cast(null as bigint) as measured,
        exclusion_reason
    from settled

    union all

    select
        'open_openings' as kpi_id,
        record_id,
        event_date,
        team_id,
        1 as numerator,
        1 as denominator,
        cast(null as bigint) as measured,
        cast(null as {{ dbt.type_string() }}) as exclusion_reason
    from open_at_month_ends

    union all

    select
        'open_opening_age' as kpi_id,
        record_id,
        event_date,
        team_id,
        0 as numerator,
        0 as denominator,
        open_days as measured,
        cast(null as {{ dbt.type_string() }}) as exclusion_reason
    from open_at_month_ends

)

select
    kpi_id,
    record_id,
    event_date,
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
where event_date is not null
