-- GraphQL tells statuses inside the deployment; the same status told twice, or told by REST too, folds into one
-- instant.
with deployments as (

    select
        deployment_id,
        repository,
        environment,
        creator_id,
        statuses,
        latest_status,
        state,
        updated_at
    from {{ ref('stg_github__deployments') }}

),

rest_statuses as (

    select
        deployment_id,
        repository,
        state,
        environment,
        log_url,
        creator_id,
        created_at
    from {{ source('raw_github', 'deployment_statuses') }}

),

listed as (

    {% set kept = ['deployment_id', 'repository', 'environment', 'creator_id'] -%}
    {{ explode_json_array('deployments', kept, 'statuses', 'status') }}

),

-- Lists give the instant of each status as createdAt, or as updatedAt where that is all the query asked for.
listed_statuses as (

    select
        deployment_id,
        repository,
        lower({{ json_text('status', 'state') }}) as state,
        environment,
        cast(null as string) as log_url,
        creator_id,
        coalesce(
            {{ instant_from_text(json_text('status', 'createdAt')) }},
            {{ instant_from_text(json_text('status', 'updatedAt')) }}
        ) as created_at
    from listed

),

latest_statuses as (

    select
        deployment_id,
        repository,
        lower(coalesce({{ json_text('latest_status', 'state') }}, {{ json_text('latest_status', 'State') }})) as state,
        environment,
        cast(null as string) as log_url,
        creator_id,
        coalesce(
            {{ instant_from_text(json_text('latest_status', 'createdAt')) }},
            {{ instant_from_text(json_text('latest_status', 'updatedAt')) }}
        ) as created_at
    from deployments
    where latest_status is not null

),

told as (

    select
        deployment_id,
        repository,
        state,
        environment,
        log_url,
        creator_id,
        created_at
    from rest_statuses
    union all
    select
        deployment_id,
        repository,
        state,
        environment,
        log_url,
        creator_id,
        created_at
    from listed_statuses
    union all
    select
        deployment_id,
        repository,
        state,
        environment,
        log_url,
        creator_id,
        created_at
    from latest_statuses

),

final as (

    select
        deployment_id,
        state,
        created_at,
        max(repository) as repository,
        max(environment) as environment,
        max(log_url) as log_url,
        max(creator_id) as creator_id
    from told
    where state is not null and created_at is not null
    group by deployment_id, state, created_at

)

select
    deployment_id,
    repository,
    state,
    environment,
    log_url,
    creator_id,
    created_at
from final
