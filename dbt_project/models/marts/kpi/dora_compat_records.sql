{%- set other_tools = ['devlake', 'four_keys', 'gitlab'] -%}

with deployments as (

    select
        deployment_id,
        service_id,
        team_id,
        group_id,
        tier,
        deployment_date,
        finished_at,
        outcome,
        is_failed_change,
        failure_method,
        exclusion_reason
    from {{ ref('fct_deployments') }}
    where is_production

),

changes as (

    select
        change_id,
        source_system,
        repository,
        number,
        change_kind,
        service_id,
        team_id,
        group_id,
        tier,
        first_commit_at,
        merged_at,
        deployed_at,
        change_date,
        is_first_deployment,
        lead_time_seconds,
        exclusion_reason
    from {{ ref('fct_changes') }}
    where deployed_at is not null

),

incidents as (

    select
        incident_id,
        service_id,
        team_id,
        group_id,
        tier,
        created_at,
        resolved_at,
        began_date,
        restored_date,
        restore_seconds,
        {{ business_date('created_at') }} as created_date,
        {{ business_date('resolved_at') }} as resolved_date,
        exclusion_reason
    from {{ ref('fct_incidents') }}

),

-- DevLake blames the last deployment of the project before the incident, whatever its service and however long ago. A
-- project is taken to be a team's services.
blamed_before as (

    select
        incidents.incident_id,
        deployments.deployment_id,
        row_number() over (
            partition by incidents.incident_id order by deployments.finished_at desc, deployments.deployment_id desc
        ) as recency
    from incidents
    inner join deployments
        on incidents.team_id = deployments.team_id and deployments.finished_at < incidents.created_at
    where deployments.outcome = 'success'

),

blamed as (

    select
        deployment_id,
        count(*) as incident_count
    from blamed_before
    where recency = 1
    group by deployment_id

),

named as (

    select
        deployment_id,
        count(*) as incident_count
    from {{ ref('int_deployment_incidents') }}
    where method = 'named_by_incident'
    group by deployment_id

),

frequency as (

    {% for tool in other_tools -%}
    select
        '{{ tool }}' as tool,
        'deployment_frequency' as kpi_id,
        deployment_id as record_id,
        service_id,
        team_id,
        group_id,
        tier,
        case when outcome = 'success' then deployment_date end as their_date,
        1 as their_numerator,
        cast(null as bigint) as their_denominator,
        cast(null as double) as their_hours,
        case when exclusion_reason is null then deployment_date end as our_date,
        cast(null as double) as our_hours,
        case when outcome = 'success' then exclusion_reason end as reason
    from deployments
    where outcome = 'success' or exclusion_reason is null
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

lead_time as (

    {% for tool, start, why in [('devlake', 'first_commit_at', none), ('gitlab', 'merged_at', 'counted_from_the_merge')] -%}
    select
        '{{ tool }}' as tool,
        'lead_time_for_changes' as kpi_id,
        change_id || ' ' || service_id as record_id,
        service_id,
        team_id,
        group_id,
        tier,
        case when change_kind = 'pull_request' and not is_first_deployment then {{ business_date('deployed_at') }} end as their_date,
        cast(null as bigint) as their_numerator,
        cast(null as bigint) as their_denominator,
        cast({{ seconds_between(start, 'deployed_at') }} as double) / 3600 as their_hours,
        case when exclusion_reason is null then change_date end as our_date,
        cast(lead_time_seconds as double) / 3600 as our_hours,
        case
            when change_kind <> 'pull_request' then 'direct_commit'
            when exclusion_reason is not null then exclusion_reason
            {%- if why %}
            else '{{ why }}'
            {%- endif %}
        end as reason
    from changes
    where exclusion_reason is null or (change_kind = 'pull_request' and not is_first_deployment)
    union all
    {% endfor -%}
    -- Four Keys counts each commit of a deployment by itself, bots' as well, and leaves out what is not above 0.
    select
        'four_keys' as tool,
        'lead_time_for_changes' as kpi_id,
        changes.change_id || ' ' || changes.service_id || ' ' || commits.sha as record_id,
        changes.service_id,
        changes.team_id,
        changes.group_id,
        changes.tier,
        case
            when not changes.is_first_deployment and commits.authored_at < changes.deployed_at
                then {{ business_date('changes.deployed_at') }}
        end as their_date,
        cast(null as bigint) as their_numerator,
        cast(null as bigint) as their_denominator,
        cast({{ seconds_between('commits.authored_at', 'changes.deployed_at') }} as double) / 3600 as their_hours,
        case when changes.exclusion_reason is null then changes.change_date end as our_date,
        cast(changes.lead_time_seconds as double) / 3600 as our_hours,
        coalesce(changes.exclusion_reason, 'counted_for_each_commit') as reason
    from changes
    inner join {{ ref('int_pull_request_commits') }} as commits
        on
            changes.source_system = commits.source_system
            and changes.repository = commits.repository
            and changes.number = commits.pull_number
    where changes.change_kind = 'pull_request'
    union all
    select
        'four_keys' as tool,
        'lead_time_for_changes' as kpi_id,
        change_id || ' ' || service_id as record_id,
        service_id,
        team_id,
        group_id,
        tier,
        case when not is_first_deployment and first_commit_at < deployed_at then {{ business_date('deployed_at') }} end as their_date,
        cast(null as bigint) as their_numerator,
        cast(null as bigint) as their_denominator,
        cast({{ seconds_between('first_commit_at', 'deployed_at') }} as double) / 3600 as their_hours,
        case when exclusion_reason is null then change_date end as our_date,
        cast(lead_time_seconds as double) / 3600 as our_hours,
        exclusion_reason as reason
    from changes
    where change_kind = 'direct_commit'

),

failures as (

    {% for tool, relation in [('devlake', 'blamed'), ('four_keys', 'named')] -%}
    select
        '{{ tool }}' as tool,
        'change_failure_rate' as kpi_id,
        deployments.deployment_id as record_id,
        deployments.service_id,
        deployments.team_id,
        deployments.group_id,
        deployments.tier,
        case when deployments.outcome = 'success' then deployments.deployment_date end as their_date,
        case when {{ relation }}.deployment_id is not null then 1 else 0 end as their_numerator,
        1 as their_denominator,
        cast(null as double) as their_hours,
        case when deployments.exclusion_reason is null then deployments.deployment_date end as our_date,
        cast(null as double) as our_hours,
        case
            when deployments.exclusion_reason is not null then deployments.exclusion_reason
            when deployments.is_failed_change and {{ relation }}.deployment_id is null then 'failed_only_here_by_' || deployments.failure_method
            when not deployments.is_failed_change and {{ relation }}.deployment_id is not null then 'failed_only_there'
        end as reason
    from deployments
    left join {{ relation }} on deployments.deployment_id = {{ relation }}.deployment_id
    where deployments.outcome = 'success' or deployments.exclusion_reason is null
    union all
    {% endfor -%}
    -- GitLab divides the incidents of a period by its deployments, whatever caused them.
    select
        'gitlab' as tool,
        'change_failure_rate' as kpi_id,
        deployment_id as record_id,
        service_id,
        team_id,
        group_id,
        tier,
        case when outcome = 'success' then deployment_date end as their_date,
        0 as their_numerator,
        1 as their_denominator,
        cast(null as double) as their_hours,
        case when exclusion_reason is null then deployment_date end as our_date,
        cast(null as double) as our_hours,
        case
            when exclusion_reason is not null then exclusion_reason
            when is_failed_change then 'failed_only_here_by_' || failure_method
        end as reason
    from deployments
    where outcome = 'success' or exclusion_reason is null
    union all
    select
        'gitlab' as tool,
        'change_failure_rate' as kpi_id,
        incident_id as record_id,
        service_id,
        team_id,
        group_id,
        tier,
        created_date as their_date,
        1 as their_numerator,
        0 as their_denominator,
        cast(null as double) as their_hours,
        cast(null as date) as our_date,
        cast(null as double) as our_hours,
        'every_incident_counts' as reason
    from incidents

),

restores as (

    {% for tool, day in [('devlake', 'created_date'), ('four_keys', 'created_date'), ('gitlab', 'resolved_date')] -%}
    select
        '{{ tool }}' as tool,
        'time_to_restore' as kpi_id,
        incident_id as record_id,
        service_id,
        team_id,
        group_id,
        tier,
        case when resolved_at is not null then {{ day }} end as their_date,
        cast(null as bigint) as their_numerator,
        cast(null as bigint) as their_denominator,
        cast({{ seconds_between('created_at', 'resolved_at') }} as double) / 3600 as their_hours,
        case when exclusion_reason is null then restored_date end as our_date,
        cast(restore_seconds as double) / 3600 as our_hours,
        case
            when exclusion_reason is not null then exclusion_reason
            when restore_seconds <> {{ seconds_between('created_at', 'resolved_at') }} then 'counted_from_creation_to_resolution'
            else 'counted_on_its_{{ day }}'
        end as reason
    from incidents
    where resolved_at is not null or exclusion_reason is null
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

united as (

    select * from frequency
    union all
    select * from lead_time
    union all
    select * from failures
    union all
    select * from restores

),

compared as (

    select
        united.*,
        case
            when their_date is null then 'only_here'
            when our_date is null then 'only_there'
            when their_date = our_date and (their_hours = our_hours or (their_hours is null and reason is null)) then 'same'
            else 'otherwise'
        end as comparison
    from united
    where their_date is not null or our_date is not null

)

select
    tool,
    kpi_id,
    record_id,
    service_id,
    team_id,
    group_id,
    tier,
    their_date,
    cast(case when their_date is not null then their_numerator end as bigint) as their_numerator,
    cast(case when their_date is not null then their_denominator end as bigint) as their_denominator,
    case when their_date is not null then their_hours end as their_hours,
    our_date,
    case when our_date is not null then our_hours end as our_hours,
    comparison,
    case when comparison <> 'same' then coalesce(reason, 'another_day') end as reason
from compared
