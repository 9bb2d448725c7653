-- Another system that lists what a deployment carries is another branch here: a JSON array of commits, as ids or as
-- objects with sha or id. GitHub itself lists none; the caller may, as a member commits of the payload.
with deployments as (

    select
        'github:' || cast(deployment_id as string) as attempt_id,
        repository,
        {{ json_text('payload', 'commits') }} as commits
    from {{ ref('stg_github__deployments') }}
    where payload like '%"commits"%'

),

lists as (

    select
        attempt_id,
        repository,
        {{ valid_json('commits') }} as commits
    from deployments
    where commits like '[%'

),

listed as (

    {{ explode_json_array('lists', ['attempt_id', 'repository'], 'commits', 'commit_element') }}

),

named as (

    select
        attempt_id,
        repository,
        lower(coalesce(
            {{ json_text(valid_json('commit_element'), 'sha') }},
            {{ json_text(valid_json('commit_element'), 'id') }},
            commit_element
        )) as sha
    from listed

)

select distinct
    attempts.deployment_id,
    named.repository,
    named.sha
from named
inner join {{ ref('int_deployment_attempts') }} as attempts on named.attempt_id = attempts.attempt_id
where nullif(regexp_extract(named.sha, '^([0-9a-f]{40})$', 1), '') is not null
