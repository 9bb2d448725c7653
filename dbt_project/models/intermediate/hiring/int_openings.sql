with

listed_openings as (

    select * from {{ ref('stg_greenhouse__listed_openings') }}

),

job_openings as (

    select * from {{ ref('stg_greenhouse__job_openings') }}

),

reasons as (

    select * from {{ ref('stg_greenhouse__close_reasons') }}

),

requisitions as (

    select * from {{ ref('stg_lever__requisitions') }}

),

ats_openings as (

    select * from {{ ref('stg_greenhouse__ats_openings') }}

),

close_patterns as (

    select * from {{ ref('hiring_close_reasons') }}

),

jobs as (

    select * from {{ ref('int_jobs') }}

),

applications as (

    select * from {{ ref('int_applications') }}

),

offers as (

    select * from {{ ref('int_offers') }}

),

greenhouse_openings as (

    select
        job_id,
        opening_id,
        status,
        opened_at,
        closed_at,
        application_id,
        close_reason_id,
        close_reason,
        1 as preference
    from listed_openings

    union all

    select
        job_id,
        opening_id,
        status,
        opened_at,
        closed_at,
        application_id,
        close_reason_id,
        close_reason,
        2 as preference
    from job_openings

),

-- What stands inside the job is the API's own whole picture; a list or a CSV of openings fills in what it lacks.
ranked_greenhouse as (

    select
        *,
        row_number() over (
            partition by opening_id
            order by preference asc, coalesce(closed_at, cast('1900-01-01 00:00:00' as timestamp)) desc, status asc
        ) as opening_rank
    from greenhouse_openings
    where opening_id is not null

),

-- Lever knows requisitions with seats, not openings: the n-th hire that was booked on one fills its n-th seat.
lever_hires as (

    select
        applications.requisition_id,
        applications.application_id,
        row_number() over (
            partition by applications.requisition_id
            order by coalesce(offers.settled_at, applications.hired_at), applications.application_id
        ) as seat_number
    from applications
    left join offers
        on
            applications.source_system = offers.source_system
            and applications.application_id = offers.application_id
            and offers.offer_status = 'accepted'
    where
        applications.source_system = 'lever'
        and applications.requisition_id is not null
        and applications.exclusion_reason is null
        and (applications.application_status = 'hired' or offers.application_id is not null)

),

hire_counts as (

    select
        requisition_id,
        count(*) as hires
    from lever_hires
    group by requisition_id

),

sized_requisitions as (

    select
        requisitions.requisition_id,
        requisitions.status,
        requisitions.created_at,
        requisitions.closed_at,
        greatest(coalesce(requisitions.headcount_total, 1), coalesce(hire_counts.hires, 0), 1) as seats
    from requisitions
    left join hire_counts
        on requisitions.requisition_id = hire_counts.requisition_id
    where requisitions.status not in ('draft', 'pending', 'rejected')

),

-- Days counted from a fixed one serve as the numbers 1, 2, 3 …
seat_days as (

    {{ days_as_rows(
        "cast('2000-01-01' as date)",
        "(select cast(" ~ dbt.dateadd(
            'day', 'cast(coalesce(max(seats), 1) as int) - 1', "cast('2000-01-01' as date)"
        ) ~ " as date) from sized_requisitions)"
    ) }}

),

seat_numbers as (

    select {{ dbt.datediff("cast('2000-01-01' as date)", 'day', 'day') }} + 1 as seat_number
    from seat_days

),

openings as (

    select
        'greenhouse' as source_system,
        ranked_greenhouse.opening_id,
        ranked_greenhouse.job_id,
        ranked_greenhouse.status,
        ranked_greenhouse.opened_at,
        ranked_greenhouse.closed_at,
        ranked_greenhouse.application_id,
        coalesce(ranked_greenhouse.close_reason, reasons.close_reason_name) as close_reason,
        cast(null as boolean) as is_evergreen
    from ranked_greenhouse
    left join reasons
        on ranked_greenhouse.close_reason_id = reasons.close_reason_id
    where ranked_greenhouse.opening_rank = 1

    union all

    select
        'lever' as source_system,
        sized_requisitions.requisition_id || '/' || cast(seat_numbers.seat_number as {{ dbt.type_string() }})
            as opening_id,
        sized_requisitions.requisition_id as job_id,
        case
            when lever_hires.application_id is not null then 'closed'
            else sized_requisitions.status
        end as status,
        sized_requisitions.created_at as opened_at,
        case when lever_hires.application_id is null then sized_requisitions.closed_at end as closed_at,
        lever_hires.application_id,
        cast(null as {{ dbt.type_string() }}) as close_reason,
        cast(null as boolean) as is_evergreen
    from sized_requisitions
    inner join seat_numbers
        on sized_requisitions.seats >= seat_numbers.seat_number
    left join lever_hires
        on
            sized_requisitions.requisition_id = lever_hires.requisition_id
            and seat_numbers.seat_number = lever_hires.seat_number

    union all

    select
        'ats' as source_system,
        opening_id,
        job_id,
        status,
        opened_at,
        closed_at,
        application_id,
        close_reason,
        is_evergreen
    from ats_openings

),

close_texts as (

    select distinct
        close_reason,
        {{ slug('close_reason') }} as close_text
    from openings
    where close_reason is not null

),

matched_reasons as (

    select
        close_texts.close_reason,
        close_patterns.close_kind,
        row_number() over (partition by close_texts.close_reason order by close_patterns.priority) as match_rank
    from close_texts
    inner join close_patterns
        on {{ matches_pattern('close_texts.close_text', 'close_patterns.pattern') }}

),

joined as (

    select
        openings.source_system,
        openings.opening_id,
        openings.job_id,
        jobs.job_name,
        coalesce(jobs.team_id, 'unmapped') as team_id,
        coalesce(jobs.team_method, 'job_unknown') as team_method,
        jobs.hiring_manager_id,
        coalesce(openings.is_evergreen, jobs.is_evergreen, false) as is_evergreen,
        case
            when openings.status in ('open', 'active', 'approved') then 'open'
            when openings.status in ('on_hold', 'onhold', 'paused') then 'on_hold'
            when openings.application_id is not null then 'filled'
            when openings.status in ('closed', 'cancelled', 'canceled', 'filled') or openings.closed_at is not null
                then 'cancelled'
            else 'unmapped'
        end as opening_status,
        openings.opened_at,
        openings.closed_at,
        openings.application_id,
        openings.close_reason,
        case when openings.close_reason is not null then coalesce(matched_reasons.close_kind, 'unmapped') end
            as close_kind,
        applications.applied_at,
        case
            when offers.settled_at is not null then 'offer'
            when applications.hired_at is not null then 'application'
            when openings.closed_at is not null then 'opening'
        end as accepted_told_by,
        coalesce(offers.settled_at, applications.hired_at, openings.closed_at) as accepted_at
    from openings
    left join jobs
        on
            openings.source_system = jobs.source_system
            and openings.job_id = jobs.job_id
    left join matched_reasons
        on
            openings.close_reason = matched_reasons.close_reason
            and matched_reasons.match_rank = 1
    left join applications
        on
            openings.source_system = applications.source_system
            and openings.application_id = applications.application_id
    left join offers
        on
            openings.source_system = offers.source_system
            and openings.application_id = offers.application_id
            and offers.offer_status = 'accepted'

),

dated as (

    select
        *,
        {{ business_date('opened_at') }} as opened_date,
        {{ business_date('closed_at') }} as closed_date,
        case when opening_status = 'filled' then {{ business_date('accepted_at') }} end as accepted_date,
        case when opening_status = 'filled' then {{ business_date('applied_at') }} end as applied_date
    from joined

)

select
    source_system,
    opening_id,
    job_id,
    job_name,
    team_id,
    team_method,
    hiring_manager_id,
    is_evergreen,
    opening_status,
    opened_at,
    opened_date,
    closed_date,
    close_reason,
    close_kind,
    case when opening_status = 'filled' then application_id end as application_id,
    accepted_date,
    case when opening_status = 'filled' then accepted_told_by end as accepted_told_by,
    {{ dbt.datediff('opened_date', 'accepted_date', 'day') }} as time_to_fill_days,
    {{ dbt.datediff('applied_date', 'accepted_date', 'day') }} as time_to_hire_days,
    case
        when is_evergreen then 'evergreen'
        when opened_date is null then 'no_opened_date'
        when opening_status = 'cancelled' then 'cancelled'
        when opening_status in ('open', 'on_hold') then 'open'
        when opening_status = 'unmapped' then 'unmapped_status'
        when accepted_date is null then 'no_accepted_date'
        when accepted_date < opened_date then 'negative_span'
    end as exclusion_reason
from dated
