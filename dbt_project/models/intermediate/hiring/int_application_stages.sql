with

applications as (

    select * from {{ ref('int_applications') }}

),

offers as (

    select * from {{ ref('int_offers') }}

),

jobs as (

    select * from {{ ref('int_jobs') }}

),

application_history as (

    select * from {{ ref('stg_greenhouse__application_history') }}

),

job_stages as (

    select * from {{ ref('stg_greenhouse__job_stages') }}

),

activity_feed as (

    select * from {{ ref('stg_greenhouse__activity_feed') }}

),

listed_stage_changes as (

    select * from {{ ref('stg_lever__listed_stage_changes') }}

),

stage_changes as (

    select * from {{ ref('stg_lever__stage_changes') }}

),

lever_stages as (

    select * from {{ ref('stg_lever__stages') }}

),

ats_stage_changes as (

    select * from {{ ref('stg_greenhouse__ats_stage_changes') }}

),

stage_patterns as (

    select * from {{ ref('hiring_stage_patterns') }}

),

canonical_stages as (

    select * from {{ ref('hiring_canonical_stages') }}

),

-- A feed belongs to a person, who may have applied to several jobs: the sentence ends with the job's name.
feed_moves as (

    select
        coalesce(activity_feed.candidate_id, named.candidate_id) as candidate_id,
        activity_feed.happened_at,
        activity_feed.moved_into
    from activity_feed
    left join applications as named
        on
            activity_feed.application_id = named.application_id
            and named.source_system = 'greenhouse'
    where activity_feed.moved_into is not null

),

-- An export may tell what the API tells: the same change is one.
lever_changes as (

    select
        opportunity_id,
        changed_at,
        to_stage_id
    from listed_stage_changes

    union

    select
        opportunity_id,
        changed_at,
        to_stage_id
    from stage_changes

),

told_moves as (

    select
        'greenhouse' as source_system,
        applications.application_id,
        feed_moves.happened_at as entered_at,
        substr(
            feed_moves.moved_into,
            1,
            cast(length(feed_moves.moved_into) - length(' for ' || jobs.job_name) as int)
        ) as stage_name,
        'activity_feed' as told_by
    from feed_moves
    inner join applications
        on
            feed_moves.candidate_id = applications.candidate_id
            and applications.source_system = 'greenhouse'
    inner join jobs
        on
            applications.source_system = jobs.source_system
            and applications.job_id = jobs.job_id
    where
        length(feed_moves.moved_into) > length(' for ' || jobs.job_name)
        and substr(
            feed_moves.moved_into,
            cast(length(feed_moves.moved_into) - length(' for ' || jobs.job_name) + 1 as int)
        ) = ' for ' || jobs.job_name

    union all

    select
        'greenhouse' as source_system,
        application_history.application_id,
        application_history.changed_at as entered_at,
        coalesce(job_stages.stage_name, 'stage ' || application_history.stage_id) as stage_name,
        'history' as told_by
    from application_history
    left join job_stages
        on application_history.stage_id = job_stages.stage_id
    where application_history.stage_id is not null

    union all

    select
        'lever' as source_system,
        changes.opportunity_id as application_id,
        changes.changed_at as entered_at,
        coalesce(lever_stages.stage_name, 'stage ' || changes.to_stage_id) as stage_name,
        'history' as told_by
    from lever_changes as changes
    left join lever_stages
        on changes.to_stage_id = lever_stages.stage_id

    union all

    select
        'ats' as source_system,
        application_id,
        entered_at,
        stage_name,
        'history' as told_by
    from ats_stage_changes

),

stage_names as (

    select distinct
        stage_name,
        {{ slug('stage_name') }} as stage_text
    from told_moves

),

matched_stages as (

    select
        stage_names.stage_name,
        stage_patterns.canonical_stage,
        row_number() over (partition by stage_names.stage_name order by stage_patterns.priority) as match_rank
    from stage_names
    inner join stage_patterns
        on {{ matches_pattern('stage_names.stage_text', 'stage_patterns.pattern') }}

),

moves as (

    select
        told_moves.source_system,
        told_moves.application_id,
        told_moves.entered_at,
        told_moves.stage_name,
        coalesce(matched_stages.canonical_stage, 'unmapped') as canonical_stage,
        told_moves.told_by
    from told_moves
    inner join applications
        on
            told_moves.source_system = applications.source_system
            and told_moves.application_id = applications.application_id
            and applications.exclusion_reason is null
    left join matched_stages
        on
            told_moves.stage_name = matched_stages.stage_name
            and matched_stages.match_rank = 1
    -- What another feed of the same person says again, or an export beside the API, is the same move.
    where told_moves.entered_at is not null

),

-- Histories tell moves, so neither that somebody applied nor that they were hired stands in them.
entries as (

    select distinct
        source_system,
        application_id,
        entered_at,
        stage_name,
        canonical_stage,
        told_by
    from moves
    where canonical_stage <> 'hired'

    union all

    select
        source_system,
        application_id,
        applied_at as entered_at,
        'Applied' as stage_name,
        'applied' as canonical_stage,
        'application' as told_by
    from applications
    where exclusion_reason is null

    union all

    select
        applications.source_system,
        applications.application_id,
        coalesce(offers.settled_at, applications.hired_at) as entered_at,
        'Hired' as stage_name,
        'hired' as canonical_stage,
        case when offers.settled_at is not null then 'offer' else 'application' end as told_by
    from applications
    left join offers
        on
            applications.source_system = offers.source_system
            and applications.application_id = offers.application_id
            and offers.offer_status = 'accepted'
    where
        applications.exclusion_reason is null
        and coalesce(offers.settled_at, applications.hired_at) is not null

),

ordered as (

    select
        entries.source_system,
        entries.application_id,
        entries.stage_name,
        entries.canonical_stage,
        coalesce(canonical_stages.stage_rank, 0) as stage_rank,
        entries.told_by,
        entries.entered_at,
        row_number() over (
            partition by entries.source_system, entries.application_id
            order by entries.entered_at, coalesce(canonical_stages.stage_rank, 0), entries.stage_name, entries.told_by
        ) as stage_number,
        lead(entries.entered_at) over (
            partition by entries.source_system, entries.application_id
            order by entries.entered_at, coalesce(canonical_stages.stage_rank, 0), entries.stage_name, entries.told_by
        ) as next_entered_at
    from entries
    left join canonical_stages
        on entries.canonical_stage = canonical_stages.canonical_stage

)

select
    ordered.source_system,
    ordered.application_id,
    ordered.stage_number,
    ordered.stage_name,
    ordered.canonical_stage,
    ordered.stage_rank,
    ordered.told_by,
    ordered.entered_at,
    case
        when ordered.canonical_stage = 'hired' then null
        else coalesce(ordered.next_entered_at, applications.rejected_at)
    end as left_at,
    -- Ended before it was entered: clocks or hands; the stay is shown and its length is not.
    case
        when ordered.canonical_stage = 'hired' then null
        when coalesce(ordered.next_entered_at, applications.rejected_at) < ordered.entered_at then null
        else {{ seconds_between('ordered.entered_at', 'coalesce(ordered.next_entered_at, applications.rejected_at)') }}
    end as seconds_in_stage
from ordered
inner join applications
    on
        ordered.source_system = applications.source_system
        and ordered.application_id = applications.application_id
