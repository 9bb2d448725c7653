with

vulnerabilities as (
    select * from {{ ref('int_vulnerabilities') }}
),

ownership as (
    select * from {{ ref('int_service_ownership') }}
),

final as (
    select
        vulnerabilities.vulnerability_id,
        vulnerabilities.source_system,
        substring(vulnerabilities.title, 1, 200) as title,
        vulnerabilities.kind,
        vulnerabilities.service_id,
        coalesce(ownership.team_id, 'unmapped') as team_id,
        coalesce(ownership.group_id, 'unmapped') as group_id,
        coalesce(ownership.tier, 'unmapped') as tier,
        vulnerabilities.repository,
        vulnerabilities.manifest_path,
        vulnerabilities.asset_id,
        vulnerabilities.package_name,
        vulnerabilities.package_version,
        vulnerabilities.problem_id,
        vulnerabilities.cve_id,
        vulnerabilities.cve_ids,
        vulnerabilities.is_known_exploited,
        vulnerabilities.exploited_since_date,
        vulnerabilities.severity,
        vulnerabilities.severity_raw,
        vulnerabilities.state,
        vulnerabilities.raw_state,
        vulnerabilities.raw_reason,
        vulnerabilities.first_detected_at,
        vulnerabilities.first_detected_date,
        vulnerabilities.finding_count,
        vulnerabilities.reopening_count,
        vulnerabilities.last_reopened_at,
        vulnerabilities.remediated_at,
        vulnerabilities.remediated_date,
        vulnerabilities.dismissed_at,
        vulnerabilities.dismissed_date,
        vulnerabilities.due_date,
        vulnerabilities.days_allowed,
        vulnerabilities.is_due_as_exploited,
        coalesce(vulnerabilities.remediated_date <= vulnerabilities.due_date, false) as is_remediated_in_time,
        coalesce(
            vulnerabilities.state = 'open' and vulnerabilities.due_date < date '{{ var("as_of_date") }}',
            false
        ) as is_open_overdue,
        {{ seconds_between('vulnerabilities.first_detected_at', 'vulnerabilities.remediated_at') }}
            as remediation_seconds,
        case
            when vulnerabilities.state = 'open'
                then {{ dbt.datediff(
                    'vulnerabilities.first_detected_date', "date '" ~ var('as_of_date') ~ "'", 'day'
                ) }}
        end as open_days,
        vulnerabilities.exclusion_reason
    from vulnerabilities
    left join ownership
        on
            vulnerabilities.service_id = ownership.service_id
            and vulnerabilities.first_detected_date >= ownership.valid_from
            and vulnerabilities.first_detected_date < ownership.valid_to
)

select * from final
