{%- set lags = failure_lags() -%}
with

incident_links as (
    select * from {{ ref('int_deployment_incidents') }}
),

repairs as (
    select * from {{ ref('int_deployment_repairs') }}
),

change_requests as (
    select
        deployment_id,
        sha,
        work_started_at,
        work_ended_at
    from {{ ref('int_change_requests') }}
    where outcome = 'failure' and not coalesce(is_of_failed_attempt, false)
),

deployments as (
    select
        deployment_id,
        service_id,
        environment,
        sha,
        is_production,
        finished_at
    from {{ ref('int_deployments') }}
),

-- The change request for it was closed as unsuccessful: it names the deployment, or what was deployed during its work.
judged_by_change_request as (
    select deployments.deployment_id
    from deployments
    inner join change_requests
        on deployments.deployment_id = change_requests.deployment_id
    union
    select deployments.deployment_id
    from deployments
    inner join change_requests
        on
            deployments.sha = change_requests.sha
            and deployments.finished_at >= change_requests.work_started_at
            and deployments.finished_at <= change_requests.work_ended_at
    where deployments.is_production
),

blamed as (
    select
        deployment_id,
        count(*) as incident_count,
        max(case when method = 'named_by_incident' then 1 else 0 end) as is_named,
        max(case when method = 'time_window' and is_counted then 1 else 0 end) as is_in_window,
        max(case when method = 'time_window_dependency' and is_counted then 1 else 0 end) as is_in_dependency_window,
        max(case when is_counted then 1 else 0 end) as is_counted,
        max(case when is_counted and restored_at is null then 1 else 0 end) as is_open,
        max(case when is_counted then restored_at end) as restored_at
    from incident_links
    group by deployment_id
),

-- Whom the incidents would blame with another lag than var incident_lag_hours.
blamed_within as (
    {% for hours in lags -%}
    select
        blamed_within_{{ hours }}h as deployment_id,
        {{ hours }} as lag_hours
    from incident_links
    where blamed_within_{{ hours }}h is not null
    {{ 'union' if not loop.last }}
    {% endfor -%}
),

lag_verdicts as (
    select
        deployment_id,
        {% for hours in lags -%}
        max(case when lag_hours = {{ hours }} then 1 else 0 end) as within_{{ hours }}h{{ ',' if not loop.last }}
        {% endfor %}
    from blamed_within
    group by deployment_id
),

repaired as (
    select
        failed_deployment_id as deployment_id,
        max(case when method = 'rollback' then 1 else 0 end) as is_rolled_back,
        max(case when method = 'revert' then 1 else 0 end) as is_reverted,
        max(case when method = 'hotfix' then 1 else 0 end) as is_hotfixed,
        min(repaired_at) as repaired_at
    from repairs
    group by failed_deployment_id
),

first_repair as (
    select
        failed_deployment_id as deployment_id,
        deployment_id as repaired_by_deployment_id
    from (
        select
            failed_deployment_id,
            deployment_id,
            row_number() over (
                partition by failed_deployment_id
                order by repaired_at, deployment_id
            ) as repair_order
        from repairs
    ) as ordered
    where repair_order = 1
),

suspects as (
    select deployment_id from blamed
    union
    select deployment_id from lag_verdicts
    union
    select deployment_id from repaired
    union
    select deployment_id from judged_by_change_request
),

judged as (
    select
        suspects.deployment_id,
        coalesce(blamed.incident_count, 0) as incident_count,
        coalesce(blamed.is_named, 0) = 1 as is_named_by_incident,
        change_requests.deployment_id is not null as is_unsuccessful_change_request,
        coalesce(repaired.is_rolled_back, 0) = 1 as is_rolled_back,
        coalesce(repaired.is_reverted, 0) = 1 as is_reverted,
        coalesce(repaired.is_hotfixed, 0) = 1 as is_hotfixed,
        coalesce(blamed.is_in_window, 0) = 1 as is_followed_by_incident,
        coalesce(blamed.is_in_dependency_window, 0) = 1 as is_followed_by_dependent_incident,
        {% set without_incident = 'coalesce(repaired.deployment_id, change_requests.deployment_id) is not null' -%}
        {{ without_incident }} or coalesce(blamed.is_counted, 0) = 1 as is_failed_change,
        {% for hours in lags -%}
        {{ without_incident }} or coalesce(lag_verdicts.within_{{ hours }}h, 0) = 1 as is_failed_within_{{ hours }}h,
        {% endfor -%}
        first_repair.repaired_by_deployment_id,
        repaired.repaired_at,
        coalesce(blamed.is_open, 0) = 1 as is_incident_open,
        case
            when coalesce(blamed.is_counted, 0) = 0 then repaired.repaired_at
            when blamed.is_open = 0 then blamed.restored_at
        end as restored_at
    from suspects
    left join blamed
        on suspects.deployment_id = blamed.deployment_id
    left join lag_verdicts
        on suspects.deployment_id = lag_verdicts.deployment_id
    left join repaired
        on suspects.deployment_id = repaired.deployment_id
    left join first_repair
        on suspects.deployment_id = first_repair.deployment_id
    left join judged_by_change_request as change_requests
        on suspects.deployment_id = change_requests.deployment_id
),

named as (
    select
        judged.*,
        case
            when judged.is_named_by_incident then 'named_by_incident'
            when judged.is_unsuccessful_change_request then 'change_request'
            when judged.is_rolled_back then 'rollback'
            when judged.is_reverted then 'revert'
            when judged.is_hotfixed then 'hotfix'
            when judged.is_followed_by_incident then 'time_window'
            when judged.is_followed_by_dependent_incident then 'time_window_dependency'
        end as method
    from judged
),

final as (
    select
        named.deployment_id,
        deployments.service_id,
        deployments.environment,
        deployments.finished_at,
        named.is_failed_change,
        named.method,
        {{ link_confidence('named.method') }} as confidence,
        named.is_named_by_incident,
        named.is_unsuccessful_change_request,
        named.is_rolled_back,
        named.is_reverted,
        named.is_hotfixed,
        named.is_followed_by_incident,
        named.is_followed_by_dependent_incident,
        named.is_failed_within_1h,
        named.is_failed_within_4h,
        named.is_failed_within_24h,
        named.is_failed_within_72h,
        cast(named.incident_count as bigint) as incident_count,
        named.repaired_by_deployment_id,
        named.repaired_at,
        named.is_incident_open,
        named.restored_at,
        {{ seconds_between('deployments.finished_at', 'named.restored_at') }}
            as recovery_seconds
    from named
    inner join deployments
        on named.deployment_id = deployments.deployment_id
)

select
    deployment_id,
    service_id,
    environment,
    finished_at,
    is_failed_change,
    method,
    confidence,
    is_named_by_incident,
    is_unsuccessful_change_request,
    is_rolled_back,
    is_reverted,
    is_hotfixed,
    is_followed_by_incident,
    is_followed_by_dependent_incident,
    is_failed_within_1h,
    is_failed_within_4h,
    is_failed_within_24h,
    is_failed_within_72h,
    incident_count,
    repaired_by_deployment_id,
    repaired_at,
    is_incident_open,
    restored_at,
    recovery_seconds
from final
