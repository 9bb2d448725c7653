with tellings as (

    select
        vulnerability_id,
        finding_id,
        source_system,
        first_detected_at,
        told_at,
        raw_state,
        raw_reason,
        severity_raw,
        severity,
        kind,
        title,
        repository,
        manifest_path,
        asset_id,
        package_name,
        package_version,
        problem_id,
        telling_number,
        row_number() over (partition by vulnerability_id order by telling_number desc) as newest_first,
        lag(severity) over (partition by vulnerability_id order by telling_number) as earlier_severity
    from {{ ref('int_vulnerability_tellings') }}

),

newest as (

    select
        vulnerability_id,
        source_system,
        raw_state,
        raw_reason,
        severity_raw,
        severity,
        kind,
        title,
        repository,
        manifest_path,
        asset_id,
        package_name,
        package_version,
        problem_id
    from tellings
    where newest_first = 1

),

detections as (

    select
        vulnerability_id,
        min(first_detected_at) as first_detected_at,
        count(distinct finding_id) as finding_count
    from tellings
    group by vulnerability_id

),

current_states as (

    select
        vulnerability_id,
        state,
        state_exclusion_reason,
        since_at
    from {{ ref('int_vulnerability_states') }}
    where is_current

),

reopenings as (

    select
        vulnerability_id,
        count(*) as reopening_count,
        max(since_at) as last_reopened_at
    from {{ ref('int_vulnerability_states') }}
    where is_reopening
    group by vulnerability_id

),

cves as (

    select
        vulnerability_id,
        cve_id
    from {{ ref('int_vulnerability_cves') }}

),

cve_lists as (

    select
        cves.vulnerability_id,
        min(cves.cve_id) as first_cve_id,
        {{ distinct_list_text('cves.cve_id') }} as cve_ids,
        min(exploited.date_added) as exploited_since_date
    from cves
    left join {{ ref('stg_kev__vulnerabilities') }} as exploited on cves.cve_id = exploited.cve_id
    group by cves.vulnerability_id

),

-- A repository of one service is that service; in one of several, the file says whose it is, if it is one's alone.
repositories as (

    select
        repository,
        min(service_id) as service_id
    from {{ ref('int_repositories') }}
    group by repository
    having count(distinct service_id) = 1

),

files as (

    select
        newest.vulnerability_id,
        min(globs.service_id) as service_id
    from newest
    inner join {{ ref('int_repositories') }} as globs
        on
            newest.repository = globs.repository
            and {{ matches_pattern('newest.manifest_path', 'globs.path_regex') }}
    group by newest.vulnerability_id
    having count(distinct globs.service_id) = 1

),

listed_assets as (

    select
        identifier,
        service_id
    from {{ ref('int_service_identifiers') }}
    where tool = 'wiz'

),

services as (

    select service_id
    from {{ ref('int_service_ownership') }}
    union
    select service_id
    from {{ ref('int_repositories') }}
    union
    select service_id
    from {{ ref('int_code_projects') }}
    where service_id <> 'unmapped'

),

settled as (

    select
        newest.vulnerability_id,
        newest.source_system,
        newest.title,
        newest.kind,
        newest.repository,
        newest.manifest_path,
        newest.asset_id,
        newest.package_name,
        newest.package_version,
        newest.problem_id,
        newest.raw_state,
        newest.raw_reason,
        newest.severity_raw,
        newest.severity,
        coalesce(
            repositories.service_id, files.service_id, listed_assets.service_id, services.service_id, 'unmapped'
        ) as service_id,
        cve_lists.first_cve_id,
        cve_lists.cve_ids,
        cve_lists.exploited_since_date,
        detections.first_detected_at,
        {{ business_date('detections.first_detected_at') }} as first_detected_date,
        detections.finding_count,
        current_states.state,
        current_states.state_exclusion_reason,
        current_states.since_at,
        coalesce(reopenings.reopening_count, 0) as reopening_count,
        reopenings.last_reopened_at
    from newest
    inner join detections on newest.vulnerability_id = detections.vulnerability_id
    inner join current_states on newest.vulnerability_id = current_states.vulnerability_id
    left join reopenings on newest.vulnerability_id = reopenings.vulnerability_id
    left join cve_lists on newest.vulnerability_id = cve_lists.vulnerability_id
    left join repositories on newest.repository = repositories.repository
    left join files on newest.vulnerability_id = files.vulnerability_id
    left join listed_assets on newest.asset_id = listed_assets.identifier
    -- An asset that nobody listed may have a service's own name.
    left join services on newest.asset_id = lower(services.service_id)

),

placed as (

    select
        settled.vulnerability_id,
        settled.first_detected_date,
        settled.exploited_since_date,
        ownership.tier
    from settled
    left join {{ ref('int_service_ownership') }} as ownership
        on
            settled.service_id = ownership.service_id
            and settled.first_detected_date >= ownership.valid_from
            and settled.first_detected_date < ownership.valid_to

),

-- The severity at the first detection, and each later one from the day on which it was told.
severities as (

    select
        tellings.vulnerability_id,
        tellings.severity,
        case
            when tellings.earlier_severity is null then placed.first_detected_date
            else {{ business_date('tellings.told_at') }}
        end as since_date,
        placed.first_detected_date,
        placed.exploited_since_date,
        placed.tier
    from tellings
    inner join placed on tellings.vulnerability_id = placed.vulnerability_id
    where
        tellings.earlier_severity is null
        or tellings.severity <> tellings.earlier_severity

),

clocks as (

    select
        vulnerability_id,
        severity,
        since_date,
        first_detected_date,
        tier,
        false as is_known_exploited
    from severities
    union all
    select
        vulnerability_id,
        severity,
        greatest(since_date, exploited_since_date) as since_date,
        first_detected_date,
        tier,
        true as is_known_exploited
    from severities
    where exploited_since_date is not null

),

ruled as (

    select
        clocks.vulnerability_id,
        clocks.severity,
        clocks.is_known_exploited,
        policies.days_allowed,
        cast({{ dbt.dateadd('day', 'policies.days_allowed', 'clocks.since_date') }} as date) as due_date,
        row_number() over (
            partition by clocks.vulnerability_id, clocks.severity, clocks.since_date, clocks.is_known_exploited
            order by
                case when policies.tier is null then 1 else 0 end asc,
                case when policies.severity is null then 1 else 0 end asc,
                policies.valid_from desc,
                policies.days_allowed asc
        ) as rank
    from clocks
    inner join {{ ref('vulnerability_policies') }} as policies
        on
            clocks.is_known_exploited = policies.is_known_exploited
            and (policies.severity is null or clocks.severity = policies.severity)
            and (policies.tier is null or clocks.tier = policies.tier)
            and clocks.first_detected_date >= policies.valid_from
            and clocks.first_detected_date < coalesce(policies.valid_to, date '9999-12-31')

),

dues as (

    select
        vulnerability_id,
        due_date,
        days_allowed,
        is_known_exploited,
        row_number() over (
            partition by vulnerability_id
            order by due_date asc, is_known_exploited desc, days_allowed asc
        ) as rank
    from ruled
    where rank = 1

),

reckoned as (

    select
        settled.vulnerability_id,
        settled.source_system,
        settled.title,
        settled.kind,
        settled.repository,
        settled.manifest_path,
        settled.asset_id,
        settled.service_id,
        settled.package_name,
        settled.package_version,
        settled.problem_id,
        settled.first_cve_id as cve_id,
        settled.cve_ids,
        settled.exploited_since_date is not null as is_known_exploited,
        settled.exploited_since_date,
        settled.severity,
        settled.severity_raw,
        settled.state,
        settled.raw_state,
        settled.raw_reason,
        settled.first_detected_at,
        settled.first_detected_date,
        settled.finding_count,
        settled.reopening_count,
        settled.last_reopened_at,
        case when settled.state = 'fixed' then settled.since_at end as remediated_at,
        case when settled.state in ('dismissed', 'absent') then settled.since_at end as dismissed_at,
        dues.due_date,
        dues.days_allowed,
        dues.is_known_exploited as is_due_as_exploited,
        case
            when settled.kind = 'license' then 'license'
            when settled.state_exclusion_reason is not null then settled.state_exclusion_reason
            when settled.first_detected_at is null then 'no_detection_date'
            when settled.severity = 'unmapped' then 'unmapped_severity'
            when dues.due_date is null then 'not_in_policy'
            when settled.state = 'fixed' and settled.since_at is null then 'finish_unknown'
            when settled.state = 'fixed' and settled.since_at < settled.first_detected_at then 'negative_span'
        end as exclusion_reason
    from settled
    left join dues
        on
            settled.vulnerability_id = dues.vulnerability_id
            and dues.rank = 1

),

-- Two tools that report one CVE of one package in one repository report one thing: the tool whose findings count,
-- and of these the one that saw it first, keeps them.
shared_cves as (

    select
        repository,
        cve_id,
        lower(package_name) as package_name,
        source_system,
        row_number() over (
            partition by repository, cve_id, lower(package_name)
            order by
                min(case when exclusion_reason is null then 0 else 1 end) asc,
                min(first_detected_at) asc,
                source_system asc
        ) as tool_rank
    from reckoned
    where repository is not null and cve_id is not null and package_name is not null
    group by repository, cve_id, lower(package_name), source_system

)

select
    reckoned.vulnerability_id,
    reckoned.source_system,
    reckoned.title,
    reckoned.kind,
    reckoned.repository,
    reckoned.manifest_path,
    reckoned.asset_id,
    reckoned.service_id,
    reckoned.package_name,
    reckoned.package_version,
    reckoned.problem_id,
    reckoned.cve_id,
    reckoned.cve_ids,
    reckoned.is_known_exploited,
    reckoned.exploited_since_date,
    reckoned.severity,
    reckoned.severity_raw,
    reckoned.state,
    reckoned.raw_state,
    reckoned.raw_reason,
    reckoned.first_detected_at,
    reckoned.first_detected_date,
    cast(reckoned.finding_count as bigint) as finding_count,
    cast(reckoned.reopening_count as bigint) as reopening_count,
    reckoned.last_reopened_at,
    reckoned.remediated_at,
    {{ business_date('reckoned.remediated_at') }} as remediated_date,
    reckoned.dismissed_at,
    {{ business_date('reckoned.dismissed_at') }} as dismissed_date,
    reckoned.due_date,
    reckoned.days_allowed,
    reckoned.is_due_as_exploited,
    case
        when reckoned.exclusion_reason is null and shared_cves.tool_rank > 1 then 'duplicate'
        else reckoned.exclusion_reason
    end as exclusion_reason
from reckoned
left join shared_cves
    on
        reckoned.repository = shared_cves.repository
        and reckoned.cve_id = shared_cves.cve_id
        and lower(reckoned.package_name) = shared_cves.package_name
        and reckoned.source_system = shared_cves.source_system
