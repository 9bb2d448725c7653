with

applications as (

    select * from {{ ref('int_applications') }}

),

stages as (

    select * from {{ ref('int_application_stages') }}

),

offers as (

    select * from {{ ref('int_offers') }}

),

reached as (

    select
        source_system,
        application_id,
        count(*) as stages_entered,
        max(stage_rank) as highest_stage_rank
    from stages
    group by source_system, application_id

)

select
    applications.source_system,
    applications.application_id,
    applications.candidate_id,
    applications.job_id,
    applications.team_id,
    applications.applied_date,
    applications.application_status,
    applications.source_status,
    applications.ended_by,
    {{ business_date('applications.rejected_at') }} as ended_date,
    coalesce(reached.stages_entered, 0) as stages_entered,
    reached.highest_stage_rank,
    offers.offer_status,
    offers.version_count as offer_versions,
    offers.settled_date as offer_settled_date,
    applications.exclusion_reason
from applications
left join reached
    on
        applications.source_system = reached.source_system
        and applications.application_id = reached.application_id
left join offers
    on
        applications.source_system = offers.source_system
        and applications.application_id = offers.application_id
