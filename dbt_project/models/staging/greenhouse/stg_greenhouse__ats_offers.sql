with

source as (

    select * from {{ source('raw_greenhouse', 'ats_offers') }}

),

-- Two files of one delivery may tell of one version: the state in which more has happened holds. Offers without ids are told apart by when they were made.
ranked as (

    select
        coalesce(offer_id, application_id) as offer_id,
        coalesce(version, 1) as version,
        application_id,
        {{ slug('status') }} as status,
        created_at,
        sent_on as sent_date,
        resolved_at,
        starts_on as starts_date,
        row_number() over (
            partition by
                coalesce(offer_id, application_id), coalesce(version, 1), case when offer_id is null then created_at end
            order by
                coalesce(resolved_at, cast('1900-01-01 00:00:00' as timestamp)) desc,
                coalesce(sent_on, cast('1900-01-01' as date)) desc,
                coalesce(created_at, cast('1900-01-01 00:00:00' as timestamp)) desc,
                coalesce(starts_on, cast('1900-01-01' as date)) desc,
                coalesce(status, '') asc,
                application_id asc
        ) as state_rank
    from source

)

select
    offer_id,
    version,
    application_id,
    status,
    created_at,
    sent_date,
    resolved_at,
    starts_date
from ranked
where state_rank = 1
