with

applications as (

    select * from {{ ref('int_applications') }}
    where exclusion_reason is null and applied_date <= cast('{{ var("as_of_date") }}' as date)

),

stays as (

    select * from {{ ref('int_application_stages') }}

),

canonical_stages as (

    select * from {{ ref('hiring_canonical_stages') }}

),

team_groups as (

    select * from {{ ref('int_team_groups') }}

),

days as (

    select * from {{ ref('dim_date') }}

),

cohorts as (

    select
        applications.source_system,
        applications.application_id,
        applications.application_status,
        days.month_start_date as cohort_month,
        applications.team_id,
        coalesce(team_groups.group_id, 'unmapped') as group_id
    from applications
    inner join days
        on applications.applied_date = days.date_day
    left join team_groups
        on
            applications.team_id = team_groups.team_id
            and applications.applied_date >= team_groups.valid_from
            and applications.applied_date < team_groups.valid_to

),

in_segments as (

    select
        source_system,
        application_id,
        application_status,
        cohort_month,
        'org' as segment_type,
        'org' as segment_id
    from cohorts

    union all

    select
        source_system,
        application_id,
        application_status,
        cohort_month,
        'group' as segment_type,
        group_id as segment_id
    from cohorts

    union all

    select
        source_system,
        application_id,
        application_status,
        cohort_month,
        'team' as segment_type,
        team_id as segment_id
    from cohorts

),

-- Who was in a later stage has passed the earlier ones, also where they were skipped.
furthest as (

    select
        source_system,
        application_id,
        max(stage_rank) as highest_rank
    from stays
    group by source_system, application_id

),

sizes as (

    select
        cohort_month,
        segment_type,
        segment_id,
        count(*) as applications,
        sum(case when application_status = 'active' then 1 else 0 end) as still_active
    from in_segments
    group by cohort_month, segment_type, segment_id

),

reached as (

    select
        in_segments.cohort_month,
        in_segments.segment_type,
        in_segments.segment_id,
        canonical_stages.canonical_stage,
        canonical_stages.stage_rank,
        count(*) as reached
    from in_segments
    inner join furthest
        on
            in_segments.source_system = furthest.source_system
            and in_segments.application_id = furthest.application_id
    inner join canonical_stages
        on furthest.highest_rank >= canonical_stages.stage_rank
    group by
        in_segments.cohort_month,
        in_segments.segment_type,
        in_segments.segment_id,
        canonical_stages.canonical_stage,
        canonical_stages.stage_rank

),

-- Somebody who comes back into a stage has been in it for the sum of the stays.
stage_days as (

    select
        in_segments.cohort_month,
        in_segments.segment_type,
        in_segments.segment_id,
        stays.canonical_stage,
        stays.source_system,
        stays.application_id,
        sum(stays.seconds_in_stage) as seconds_in_stage,
        count(*) - count(stays.seconds_in_stage) as open_stays
    from in_segments
    inner join stays
        on
            in_segments.source_system = stays.source_system
            and in_segments.application_id = stays.application_id
    where stays.canonical_stage <> 'hired'
    group by
        in_segments.cohort_month,
        in_segments.segment_type,
        in_segments.segment_id,
        stays.canonical_stage,
        stays.source_system,
        stays.application_id

),

lengths as (

    select
        cohort_month,
        segment_type,
        segment_id,
        canonical_stage,
        count(*) as entered,
        sum(case when open_stays = 0 then 1 else 0 end) as left_stage,
        percentile_cont(0.5) within group (
            order by case when open_stays = 0 then cast(seconds_in_stage as double) / 86400 end
        ) as median_days,
        percentile_cont(0.9) within group (
            order by case when open_stays = 0 then cast(seconds_in_stage as double) / 86400 end
        ) as p90_days
    from stage_days
    group by cohort_month, segment_type, segment_id, canonical_stage

),

stages as (

    select
        canonical_stage,
        stage_rank,
        lag(canonical_stage) over (order by stage_rank) as previous_stage
    from canonical_stages

    union all

    -- Stages that no pattern maps have their days, and no place in the order.
    select
        'unmapped' as canonical_stage,
        cast(0 as bigint) as stage_rank,
        cast(null as {{ dbt.type_string() }}) as previous_stage

)

select
    sizes.cohort_month,
    sizes.segment_type,
    sizes.segment_id,
    stages.canonical_stage,
    stages.stage_rank,
    cast(sizes.applications as bigint) as applications,
    cast(sizes.still_active as bigint) as still_active,
    case when stages.stage_rank > 0 then cast(coalesce(reached.reached, 0) as bigint) end as reached,
    cast(previous.reached as bigint) as reached_previous,
    cast(coalesce(reached.reached, 0) as double) / nullif(previous.reached, 0) as conversion_rate,
    case
        when stages.stage_rank > 0 then cast(coalesce(reached.reached, 0) as double) / nullif(sizes.applications, 0)
    end as reached_share,
    cast(coalesce(lengths.entered, 0) as bigint) as entered,
    cast(coalesce(lengths.left_stage, 0) as bigint) as left_stage,
    lengths.median_days,
    lengths.p90_days
from sizes
inner join stages
    on 1 = 1
left join reached
    on
        sizes.cohort_month = reached.cohort_month
        and sizes.segment_type = reached.segment_type
        and sizes.segment_id = reached.segment_id
        and stages.canonical_stage = reached.canonical_stage
left join reached as previous
    on
        sizes.cohort_month = previous.cohort_month
        and sizes.segment_type = previous.segment_type
        and sizes.segment_id = previous.segment_id
        and stages.previous_stage = previous.canonical_stage
left join lengths
    on
        sizes.cohort_month = lengths.cohort_month
        and sizes.segment_type = lengths.segment_type
        and sizes.segment_id = lengths.segment_id
        and stages.canonical_stage = lengths.canonical_stage
where stages.stage_rank > 0 or lengths.entered is not null
