-- A change request stands for a deployment where its correlation names one: by its id, with or without its system, by the
-- address of GitHub's deployment, or by the commit. The table API's telling comes before a list export's.
with reported as (

    select exports.*
    from {{ ref('stg_servicenow__change_request_exports') }} as exports
    left join {{ ref('stg_servicenow__change_requests') }} as told on exports.change_number = told.change_number
    where told.change_number is null

),

told as (

    select
        'servicenow' as source_system,
        change_number,
        change_id as source_change_id,
        title,
        change_type,
        state,
        close_code,
        correlation_id,
        work_started_at,
        work_ended_at
    from {{ ref('stg_servicenow__change_requests') }}
    union all
    select
        'servicenow' as source_system,
        change_number,
        cast(null as string) as source_change_id,
        title,
        change_type,
        state,
        close_code,
        correlation_id,
        work_started_at,
        work_ended_at
    from reported

),

correlated as (

    select
        *,
        case
            when lower(correlation_id) like 'http%'
                then 'github:' || nullif(regexp_extract(correlation_id, '/deployments?/([0-9]+)', 1), '')
            when regexp_extract(correlation_id, '^([0-9]+)$', 1) <> '' then 'github:' || correlation_id
            when regexp_extract(correlation_id, '^([a-z_]+):.+$', 1) <> '' then correlation_id
        end as attempt_id,
        nullif(regexp_extract(lower(correlation_id), '^(?:.*[^0-9a-f])?([0-9a-f]{40})$', 1), '') as sha
    from told

),

statuses as (

    select
        system,
        concept,
        raw_value,
        status
    from {{ ref('status_map') }}
    where concept in ('change_request', 'change_close_code')

)

select
    correlated.source_system || ':' || correlated.change_number as change_request_id,
    correlated.source_system,
    correlated.change_number,
    correlated.source_change_id,
    correlated.title,
    correlated.change_type,
    coalesce(states.status, 'unmapped') as state,
    correlated.state as state_raw,
    case
        when states.status = 'closed' then coalesce(outcomes.status, 'unmapped')
        when states.status = 'cancelled' then 'cancelled'
    end as outcome,
    correlated.close_code as outcome_raw,
    coalesce(attempts.deployment_id, correlated.attempt_id) as deployment_id,
    -- What it says of a try that failed, it does not say of the retry that went well.
    coalesce(attempts.outcome in ('failure', 'cancelled'), false) as is_of_failed_attempt,
    correlated.sha,
    correlated.work_started_at,
    correlated.work_ended_at
from correlated
left join statuses as states
    on
        correlated.source_system = states.system
        and states.concept = 'change_request'
        and correlated.state = states.raw_value
left join statuses as outcomes
    on
        correlated.source_system = outcomes.system
        and outcomes.concept = 'change_close_code'
        and correlated.close_code = outcomes.raw_value
left join {{ ref('int_deployment_attempts') }} as attempts on correlated.attempt_id = attempts.attempt_id
