-- Another system that lists what a deployment carries is another branch of the last select. GitHub itself lists none; the
-- caller may, as a member commits of the payload: a JSON array of commits, as ids or as objects with sha or id. Jenkins lists
-- what a build is the first of its job to hold.
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

),

attempts as (

    select * from {{ ref('int_deployment_attempts') }}

),

-- What a build listed that failed before it deployed goes out with the next one that does.
jenkins_attempts as (

    select
        deployment_id,
        repository,
        regexp_extract(native_id, '^(.+)#[0-9]+', 1) as job,
        started_at,
        max(case when outcome = 'success' then started_at end) over (
            partition by regexp_extract(native_id, '^(.+)#[0-9]+', 1), environment
            order by started_at, attempt_id
            rows between unbounded preceding and 1 preceding
        ) as succeeded_before_at
    from attempts
    where source_system = 'jenkins'

),

-- A change set names no repository: what no change of the deployed one is known by may be a shared library's.
known_shas as (

    select
        repository,
        merge_sha as sha
    from {{ ref('int_changes') }}
    where merge_sha is not null
    union
    select
        repository,
        head_sha as sha
    from {{ ref('int_changes') }}
    where head_sha is not null

)

select
    attempts.deployment_id,
    named.repository,
    named.sha
from named
inner join attempts on named.attempt_id = attempts.attempt_id
where nullif(regexp_extract(named.sha, '^([0-9a-f]{40})$', 1), '') is not null
union
select
    jenkins_attempts.deployment_id,
    jenkins_attempts.repository,
    build_changes.sha
from jenkins_attempts
inner join {{ ref('stg_jenkins__build_changes') }} as build_changes
    on
        jenkins_attempts.job = build_changes.job
        and jenkins_attempts.started_at >= build_changes.started_at
        and (
            jenkins_attempts.succeeded_before_at is null
            or jenkins_attempts.succeeded_before_at < build_changes.started_at
        )
inner join known_shas
    on
        jenkins_attempts.repository = known_shas.repository
        and build_changes.sha = known_shas.sha
