with

greenhouse_offers as (

    select * from {{ ref('stg_greenhouse__offers') }}

),

lever_offers as (

    select * from {{ ref('stg_lever__offers') }}

),

ats_offers as (

    select * from {{ ref('stg_greenhouse__ats_offers') }}

),

offer_statuses as (

    select * from {{ ref('hiring_offer_statuses') }}

),

applications as (

    select * from {{ ref('int_applications') }}

),

versions as (

    select
        'greenhouse' as source_system,
        application_id,
        offer_id,
        version,
        status,
        created_at,
        sent_date,
        resolved_at,
        starts_date
    from greenhouse_offers

    union all

    select
        'lever' as source_system,
        opportunity_id as application_id,
        offer_id,
        cast(1 as bigint) as version,
        status,
        created_at,
        {{ business_date('sent_at') }} as sent_date,
        decided_at as resolved_at,
        cast(null as date) as starts_date
    from lever_offers
    where opportunity_id is not null

    union all

    select
        'ats' as source_system,
        application_id,
        offer_id,
        version,
        status,
        created_at,
        sent_date,
        resolved_at,
        starts_date
    from ats_offers

),

mapped as (

    select
        versions.*,
        coalesce(offer_statuses.offer_status, 'unmapped') as offer_status
    from versions
    left join offer_statuses
        on versions.status = offer_statuses.source_value

),

-- The latest version holds. One that was replaced is passed over as long as another stands; where all were replaced, none
-- stands any more, and it was the company that took it back.
ranked as (

    select
        *,
        count(*) over (partition by source_system, application_id) as version_count,
        row_number() over (
            partition by source_system, application_id
            order by
                case when offer_status = 'replaced' then 1 else 0 end asc,
                version desc,
                coalesce(created_at, cast('1900-01-01 00:00:00' as timestamp)) desc,
                coalesce(resolved_at, cast('1900-01-01 00:00:00' as timestamp)) desc,
                offer_id desc
        ) as version_rank
    from mapped

),

-- Nobody settles an offer whose application has ended: how the application ended says how the offer did.
settled as (

    select
        ranked.source_system,
        ranked.application_id,
        ranked.offer_id,
        ranked.version,
        ranked.version_count,
        ranked.status as source_status,
        case
            when ranked.offer_status = 'replaced' then 'withdrawn'
            when ranked.offer_status <> 'pending' then ranked.offer_status
            when applications.application_status = 'hired' then 'accepted'
            when applications.ended_by = 'candidate' then 'declined'
            when applications.ended_by is not null then 'withdrawn'
            else 'pending'
        end as offer_status,
        case
            when ranked.offer_status in ('pending', 'replaced') then 'application'
            else 'offer'
        end as told_by,
        ranked.created_at,
        ranked.sent_date,
        case
            when ranked.resolved_at is not null then ranked.resolved_at
            when applications.application_status = 'hired' then applications.hired_at
            else applications.rejected_at
        end as settled_at,
        ranked.starts_date,
        applications.job_id,
        coalesce(applications.team_id, 'unmapped') as team_id
    from ranked
    left join applications
        on
            ranked.source_system = applications.source_system
            and ranked.application_id = applications.application_id
    where ranked.version_rank = 1

)

select
    source_system,
    application_id,
    offer_id,
    version,
    version_count,
    source_status,
    offer_status,
    case when offer_status = 'pending' then null else told_by end as told_by,
    created_at,
    {{ business_date('created_at') }} as created_date,
    sent_date,
    case when offer_status <> 'pending' then settled_at end as settled_at,
    case when offer_status <> 'pending' then {{ business_date('settled_at') }} end as settled_date,
    starts_date,
    job_id,
    team_id
from settled
