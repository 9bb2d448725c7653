with

changes as (
    select * from {{ ref('int_changes') }}
),

change_services as (
    select distinct
        change_id,
        service_id
    from {{ ref('int_change_services') }}
),

first_deployments as (
    select
        change_id,
        service_id,
        environment,
        deployment_id,
        deployed_at,
        method,
        confidence,
        is_first_deployment
    from {{ ref('int_change_deployments') }}
    where is_first_in_production
),

ownership as (
    select * from {{ ref('int_service_ownership') }}
),

spans as (
    select
        changes.change_id,
        changes.source_system,
        changes.change_kind,
        changes.repository,
        changes.number,
        changes.title,
        changes.author_id,
        changes.is_bot,
        changes.is_draft,
        changes.is_pure_merge,
        changes.is_revert,
        changes.reverts_change_id,
        changes.is_hotfix,
        changes.state,
        changes.base_branch,
        changes.is_default_branch,
        changes.merge_sha,
        changes.commit_count,
        changes.first_commit_at,
        changes.opened_at,
        changes.first_review_at,
        changes.merged_at,
        changes.closed_at,
        coalesce(change_services.service_id, 'unmapped') as service_id,
        first_deployments.environment,
        first_deployments.deployment_id,
        first_deployments.deployed_at,
        first_deployments.method as link_method,
        first_deployments.confidence as link_confidence,
        first_deployments.is_first_deployment,
        {{ seconds_between('changes.first_commit_at', 'first_deployments.deployed_at') }}
            as lead_time_seconds,
        {{ seconds_between('changes.first_commit_at', 'changes.opened_at') }}
            as first_commit_to_opened,
        {{ seconds_between('changes.opened_at', 'changes.first_review_at') }}
            as opened_to_first_review,
        {{ seconds_between('changes.first_review_at', 'changes.merged_at') }}
            as first_review_to_merged,
        {{ seconds_between('changes.merged_at', 'first_deployments.deployed_at') }}
            as merged_to_deployed,
        {{ seconds_between('changes.opened_at', 'changes.merged_at') }}
            as opened_to_merged
    from changes
    left join change_services
        on changes.change_id = change_services.change_id
    left join first_deployments
        on
            change_services.change_id = first_deployments.change_id
            and change_services.service_id = first_deployments.service_id
),

judged as (
    select
        *,
        {{ business_date('coalesce(deployed_at, merged_at, closed_at, opened_at, first_commit_at)') }} as change_date,
        case
            when merged_at is null then 'not_merged'
            {% if not var('lead_time_count_bots') -%}
                when is_bot then 'bot'
            {% endif -%}
            {% if not var('lead_time_count_pure_merges') -%}
            when is_pure_merge then 'pure_merge'
            {% endif -%}
            when deployment_id is null then 'not_deployed'
            when is_first_deployment then 'first_deployment'
            when first_commit_at is null then 'no_commit'
            when lead_time_seconds < 0 then 'negative_span'
        end as exclusion_reason
    from spans
),

final as (
    select
        judged.change_id,
        judged.service_id,
        coalesce(ownership.team_id, 'unmapped') as team_id,
        coalesce(ownership.group_id, 'unmapped') as group_id,
        coalesce(ownership.tier, 'unmapped') as tier,
        judged.source_system,
        judged.change_kind,
        judged.repository,
        judged.number,
        judged.title,
        judged.author_id,
        judged.is_bot,
        judged.is_draft,
        judged.is_pure_merge,
        judged.is_revert,
        judged.reverts_change_id,
        judged.is_hotfix,
        judged.state,
        judged.base_branch,
        judged.is_default_branch,
        judged.merge_sha,
        judged.commit_count,
        judged.first_commit_at,
        judged.opened_at,
        judged.first_review_at,
        judged.merged_at,
        judged.closed_at,
        judged.deployed_at,
        judged.change_date,
        judged.environment,
        judged.deployment_id,
        judged.link_method,
        judged.link_confidence,
        judged.is_first_deployment,
        judged.lead_time_seconds,
        case
            when judged.change_kind = 'pull_request' and judged.first_commit_to_opened >= 0
                then judged.first_commit_to_opened
        end as coding_seconds,
        case when judged.opened_to_first_review >= 0 then judged.opened_to_first_review end as pickup_seconds,
        case when judged.first_review_to_merged >= 0 then judged.first_review_to_merged end as review_seconds,
        case when judged.merged_to_deployed >= 0 then judged.merged_to_deployed end as deploy_seconds,
        case
            when judged.change_kind = 'pull_request' and judged.opened_to_merged >= 0 then judged.opened_to_merged
        end as open_to_merge_seconds,
        judged.exclusion_reason
    from judged
    left join ownership
        on
            judged.service_id = ownership.service_id
            and judged.change_date >= ownership.valid_from
            and judged.change_date < ownership.valid_to
)

select * from final
