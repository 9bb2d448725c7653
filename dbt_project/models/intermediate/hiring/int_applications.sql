with

greenhouse_applications as (

    select * from {{ ref('stg_greenhouse__applications') }}

),

job_applications as (

    select * from {{ ref('stg_greenhouse__job_applications') }}

),

application_history as (

    select * from {{ ref('stg_greenhouse__application_history') }}

),

rejection_reasons as (

    select * from {{ ref('stg_greenhouse__rejection_reasons') }}

),

candidates as (

    select * from {{ ref('stg_greenhouse__candidates') }}

),

opportunities as (

    select * from {{ ref('stg_lever__opportunities') }}

),

archive_reasons as (

    select * from {{ ref('stg_lever__archive_reasons') }}

),

ats_applications as (

    select * from {{ ref('stg_greenhouse__ats_applications') }}

),

application_statuses as (

    select * from {{ ref('hiring_application_statuses') }}

),

rejection_patterns as (

    select * from {{ ref('hiring_rejection_patterns') }}

),

jobs as (

    select * from {{ ref('int_jobs') }}

),

hired as (

    select
        application_id,
        min(changed_at) as hired_at
    from application_history
    where status = 'hired'
    group by application_id

),

applications as (

    select
        'greenhouse' as source_system,
        greenhouse_applications.application_id,
        greenhouse_applications.candidate_id,
        candidates.created_at as candidate_known_at,
        coalesce(greenhouse_applications.job_id, job_applications.job_id) as job_id,
        cast(null as {{ dbt.type_string() }}) as requisition_id,
        greenhouse_applications.is_prospect,
        greenhouse_applications.status as source_status,
        greenhouse_applications.applied_at,
        greenhouse_applications.rejected_at,
        hired.hired_at,
        {{ slug(
            "coalesce(greenhouse_applications.rejection_type || '_', rejection_reasons.rejection_type_name || '_', '') "
            ~ "|| coalesce(greenhouse_applications.rejection_reason, rejection_reasons.rejection_reason_name, '')"
        ) }} as rejection_text,
        greenhouse_applications.is_deleted
    from greenhouse_applications
    left join job_applications
        on greenhouse_applications.application_id = job_applications.application_id
    left join candidates
        on greenhouse_applications.candidate_id = candidates.candidate_id
    left join rejection_reasons
        on greenhouse_applications.rejection_reason_id = rejection_reasons.rejection_reason_id
    left join hired
        on greenhouse_applications.application_id = hired.application_id

    union all

    select
        'lever' as source_system,
        opportunities.opportunity_id as application_id,
        opportunities.contact_id as candidate_id,
        cast(null as timestamp) as candidate_known_at,
        coalesce(opportunities.posting_id, opportunities.requisition_id) as job_id,
        opportunities.requisition_id,
        false as is_prospect,
        case
            when opportunities.archived_at is null then 'active'
            when archive_reasons.archive_reason_type = 'hired' then 'hired'
            else 'archived'
        end as source_status,
        opportunities.created_at as applied_at,
        case
            when archive_reasons.archive_reason_type = 'hired' then null
            else opportunities.archived_at
        end as rejected_at,
        case when archive_reasons.archive_reason_type = 'hired' then opportunities.archived_at end as hired_at,
        {{ slug("coalesce(archive_reasons.archive_reason_name, '')") }} as rejection_text,
        opportunities.is_deleted
    from opportunities
    left join archive_reasons
        on opportunities.archive_reason_id = archive_reasons.archive_reason_id

    union all

    select
        'ats' as source_system,
        application_id,
        candidate_id,
        cast(null as timestamp) as candidate_known_at,
        job_id,
        cast(null as {{ dbt.type_string() }}) as requisition_id,
        is_prospect,
        status as source_status,
        applied_at,
        rejected_at,
        hired_at,
        {{ slug("coalesce(rejection_reason, '')") }} as rejection_text,
        false as is_deleted
    from ats_applications

),

rejection_texts as (

    select distinct rejection_text
    from applications
    where rejection_text <> ''

),

matched_rejections as (

    select
        rejection_texts.rejection_text,
        rejection_patterns.ended_by,
        row_number() over (
            partition by rejection_texts.rejection_text order by rejection_patterns.priority
        ) as match_rank
    from rejection_texts
    inner join rejection_patterns
        on {{ matches_pattern('rejection_texts.rejection_text', 'rejection_patterns.pattern') }}

),

mapped as (

    select
        applications.*,
        coalesce(application_statuses.application_status, 'unmapped') as application_status,
        matched_rejections.ended_by
    from applications
    left join application_statuses
        on applications.source_status = application_statuses.source_value
    left join matched_rejections
        on
            applications.rejection_text = matched_rejections.rejection_text
            and matched_rejections.match_rank = 1

)

select
    mapped.source_system,
    mapped.application_id,
    mapped.candidate_id,
    mapped.candidate_known_at,
    mapped.job_id,
    mapped.requisition_id,
    coalesce(jobs.team_id, 'unmapped') as team_id,
    mapped.is_prospect,
    mapped.source_status,
    mapped.application_status,
    mapped.applied_at,
    {{ business_date('mapped.applied_at') }} as applied_date,
    mapped.rejected_at,
    case
        when mapped.application_status in ('rejected', 'withdrawn') or mapped.rejected_at is not null
            then
                case
                    when mapped.application_status = 'withdrawn' then 'candidate'
                    else coalesce(mapped.ended_by, 'unmapped')
                end
    end as ended_by,
    mapped.hired_at,
    case
        when mapped.is_deleted then 'deleted'
        when mapped.is_prospect then 'prospect'
        when mapped.applied_at is null then 'no_application_date'
    end as exclusion_reason
from mapped
left join jobs
    on
        mapped.source_system = jobs.source_system
        and mapped.job_id = jobs.job_id
