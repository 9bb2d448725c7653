-- What a system calls a deployment is one attempt. Attempts of one service to one environment follow each other in
-- time; an attempt belongs to the deployment before it where both put the same thing there and (a) one rollout or one
-- pipeline run made both, (b) they overlapped, or (c) the one before had not succeeded: it is a retry. Anything else
-- is a deployment of its own, the same version put there again included.
with told as (

    select
        source_system,
        attempt_id,
        native_id,
        repository,
        code_repository,
        sha,
        ref,
        version,
        image_references,
        task,
        environment,
        environment_hint,
        told_tier,
        rollout_id,
        service_name,
        second_service_name,
        third_service_name,
        deployer_id,
        run_id,
        created_at,
        started_at,
        finished_at,
        outcome,
        unmapped_state,
        exclusion_reason
    from {{ ref('int_deployment_tellings') }}

),

tier_patterns as (

    select
        rank,
        pattern,
        environment_tier
    from {{ ref('environment_tiers') }}

),

service_repositories as (

    select distinct
        service_id,
        repository
    from {{ ref('int_repositories') }}

),

name_candidates as (

    select
        attempt_id,
        source_system,
        1 as preference,
        service_name
    from told
    where service_name is not null
    union all
    select
        attempt_id,
        source_system,
        2 as preference,
        second_service_name as service_name
    from told
    where second_service_name is not null
    union all
    select
        attempt_id,
        source_system,
        3 as preference,
        third_service_name as service_name
    from told
    where third_service_name is not null

),

-- What tells the environment: its own name, what stands around it, and the last word of a name (checkout-production).
environment_texts as (

    select environment as environment_text
    from told
    where environment is not null
    union
    select environment_hint as environment_text
    from told
    where environment_hint is not null
    union
    select regexp_extract(service_name, '[-_.]([^-_.]+)$', 1) as environment_text
    from name_candidates

),

ranked_tiers as (

    select
        environment_texts.environment_text,
        tier_patterns.environment_tier,
        row_number() over (
            partition by environment_texts.environment_text
            order by tier_patterns.rank asc, tier_patterns.pattern asc
        ) as rank
    from environment_texts
    inner join tier_patterns
        on {{ matches_pattern('lower(environment_texts.environment_text)', 'tier_patterns.pattern') }}

),

tiers as (

    select
        environment_text,
        environment_tier
    from ranked_tiers
    where rank = 1

),

-- Names by which a deployment may say whose it is: the service itself, or what the catalogue says the tool calls it.
service_names as (

    select
        '' as tool,
        service_id as service_name,
        service_id
    from {{ ref('int_service_ownership') }}
    union
    select
        '' as tool,
        service_id as service_name,
        service_id
    from service_repositories
    union
    select
        tool,
        identifier as service_name,
        service_id
    from {{ ref('int_service_identifiers') }}

),

known_names as (

    select
        tool,
        service_name,
        min(service_id) as service_id
    from service_names
    group by tool, service_name

),

tried_names as (

    select
        attempt_id,
        source_system,
        preference,
        service_name
    from name_candidates
    union all
    select
        candidates.attempt_id,
        candidates.source_system,
        candidates.preference + 3 as preference,
        regexp_extract(candidates.service_name, '^(.+)[-_.][^-_.]+$', 1) as service_name
    from name_candidates as candidates
    inner join tiers
        on regexp_extract(candidates.service_name, '[-_.]([^-_.]+)$', 1) = tiers.environment_text

),

named as (

    select
        tried_names.attempt_id,
        known_names.service_id,
        row_number() over (
            partition by tried_names.attempt_id
            order by tried_names.preference asc, known_names.tool desc, known_names.service_id asc
        ) as rank
    from tried_names
    inner join known_names
        on
            tried_names.service_name = known_names.service_name
            and (known_names.tool = '' or tried_names.source_system = known_names.tool)

),

owned as (

    select
        told.*,
        coalesce(named.service_id, repositories.service_id, 'unmapped') as service_id,
        coalesce(
            told.told_tier,
            named_tiers.environment_tier,
            hinted_tiers.environment_tier,
            'unmapped'
        ) as environment_tier
    from told
    left join named
        on
            told.attempt_id = named.attempt_id
            and named.rank = 1
    left join {{ ref('int_known_repositories') }} as repositories on told.repository = repositories.repository
    left join tiers as named_tiers on told.environment = named_tiers.environment_text
    left join tiers as hinted_tiers on told.environment_hint = hinted_tiers.environment_text

),

-- GitOps: the revision is a config repository's; the tag of the image holds the code's commit (main-1a2b3c4-17180,
-- v1.2-3-g1a2b3c4), abbreviated or not.
references_told as (

    {{ explode_json_array('owned', ['attempt_id', 'service_id'], 'image_references', 'image_reference') }}

),

hexes as (

    select
        attempt_id,
        service_id,
        regexp_extract(':' || lower(image_reference), '^.*?[^0-9a-z]g?([0-9a-f]{7,40})(?:[^0-9a-z]|$)', 1) as hex
    from references_told
    union
    select
        attempt_id,
        service_id,
        regexp_extract(':' || lower(image_reference), '^.*[^0-9a-z]g?([0-9a-f]{7,40})(?:[^0-9a-z]|$)', 1) as hex
    from references_told

),

-- Of several images of the service's code the newest commit is what was brought.
image_commits as (

    select
        hexes.attempt_id,
        commits.repository,
        commits.sha,
        row_number() over (
            partition by hexes.attempt_id
            order by commits.committed_at desc, commits.repository asc, commits.sha asc
        ) as rank
    from hexes
    inner join service_repositories on hexes.service_id = service_repositories.service_id
    inner join {{ ref('int_commits') }} as commits
        on
            service_repositories.repository = commits.repository
            and substring(hexes.hex, 1, 7) = substring(commits.sha, 1, 7)
            and commits.sha like hexes.hex || '%'
    where hexes.hex <> ''

),

placed as (

    select
        owned.source_system,
        owned.attempt_id,
        owned.native_id,
        coalesce(owned.code_repository, image_commits.repository, owned.repository) as repository,
        owned.service_id,
        coalesce(owned.service_name, owned.second_service_name, owned.third_service_name) as service_name,
        owned.environment,
        owned.environment_tier,
        case when owned.code_repository is null then coalesce(image_commits.sha, owned.sha) else owned.sha end as sha,
        owned.ref,
        owned.version,
        owned.task,
        owned.deployer_id,
        owned.rollout_id,
        owned.run_id,
        owned.created_at,
        owned.started_at,
        owned.finished_at,
        owned.outcome,
        owned.unmapped_state,
        owned.exclusion_reason
    from owned
    left join image_commits
        on
            owned.attempt_id = image_commits.attempt_id
            and image_commits.rank = 1

),

sequenced as (

    select
        placed.*,
        case
            when placed.service_id <> 'unmapped' then 'service ' || placed.service_id
            else 'repository ' || coalesce(placed.repository, placed.service_name, placed.attempt_id)
        end
        || ' ' || lower(coalesce(placed.environment, '')) || coalesce(' ' || placed.exclusion_reason, '') as sequence_key,
        -- In this order ids that are numbers follow each other as numbers.
        row_number() over (
            order by placed.created_at, length(placed.attempt_id), placed.attempt_id
        ) as telling_number
    from placed

),

compared as (

    select
        sequenced.*,
        lag(sequenced.version)
            over (partition by sequenced.sequence_key order by sequenced.telling_number) as previous_version,
        lag(sequenced.task)
            over (partition by sequenced.sequence_key order by sequenced.telling_number) as previous_task,
        lag(sequenced.rollout_id)
            over (partition by sequenced.sequence_key order by sequenced.telling_number) as previous_rollout_id,
        lag(sequenced.run_id)
            over (partition by sequenced.sequence_key order by sequenced.telling_number) as previous_run_id,
        lag(sequenced.outcome)
            over (partition by sequenced.sequence_key order by sequenced.telling_number) as previous_outcome,
        max(sequenced.finished_at) over (
            partition by sequenced.sequence_key, sequenced.version
            order by sequenced.telling_number
            rows between unbounded preceding and 1 preceding
        ) as version_finished_at
    from sequenced

),

linked as (

    select
        compared.*,
        case
            when compared.rollout_id = compared.previous_rollout_id then 0
            when compared.rollout_id is not null and compared.previous_rollout_id is not null then 1
            when
                compared.version is null
                or compared.previous_version is null
                or compared.version <> compared.previous_version
                or compared.task <> compared.previous_task
                then 1
            when compared.run_id = compared.previous_run_id then 0
            when compared.previous_outcome in ('failure', 'cancelled', 'running') then 0
            when compared.created_at < compared.version_finished_at then 0
            else 1
        end as begins
    from compared

),

numbered as (

    select
        linked.*,
        sum(linked.begins) over (
            partition by linked.sequence_key
            order by linked.telling_number
            rows between unbounded preceding and current row
        ) as deployment_number
    from linked

),

-- An attempt by its own system's telling, before it is known to echo another's.
owning as (

    select
        numbered.*,
        first_value(numbered.attempt_id) over (
            partition by numbered.sequence_key, numbered.deployment_number
            order by numbered.telling_number
            rows between unbounded preceding and current row
        ) as own_deployment_id,
        row_number() over (
            partition by numbered.sequence_key, numbered.deployment_number order by numbered.telling_number
        ) as own_attempt,
        max(coalesce(numbered.finished_at, numbered.created_at)) over (
            partition by numbered.sequence_key, numbered.deployment_number
        ) as ended_at
    from numbered

),

heads as (

    select
        own_deployment_id,
        service_id,
        environment_tier,
        sha,
        created_at as began_at,
        ended_at,
        case source_system
            {% for system in var('deployment_systems') -%}
            when '{{ system }}' then {{ loop.index }}
            {% endfor -%}
            else {{ var('deployment_systems') | length + 1 }}
        end as system_order
    from owning
    where own_attempt = 1 and service_id <> 'unmapped' and sha is not null and exclusion_reason is null

),

-- Two systems tell of one deployment in their own words, such as a job's and a cluster's, under different names of the
-- environment: the same commit of a service in the same tier at the same time.
echoes as (

    select
        heads.own_deployment_id,
        others.own_deployment_id as echoed_deployment_id,
        row_number() over (
            partition by heads.own_deployment_id
            order by others.system_order asc, others.began_at asc, others.own_deployment_id asc
        ) as rank
    from heads
    inner join heads as others
        on
            heads.service_id = others.service_id
            and heads.environment_tier = others.environment_tier
            and heads.sha = others.sha
            and heads.system_order > others.system_order
            and others.began_at <= {{ dbt.dateadd('minute', var('deployment_echo_minutes'), 'heads.ended_at') }}
            and heads.began_at <= {{ dbt.dateadd('minute', var('deployment_echo_minutes'), 'others.ended_at') }}

),

-- What is echoed may itself echo a third system's.
resolved as (

    select
        owning.*,
        coalesce(further.echoed_deployment_id, echoes.echoed_deployment_id, owning.own_deployment_id) as deployment_id,
        echoes.echoed_deployment_id is not null as is_echo
    from owning
    left join echoes
        on
            owning.own_deployment_id = echoes.own_deployment_id
            and echoes.rank = 1
    left join echoes as further
        on
            echoes.echoed_deployment_id = further.own_deployment_id
            and further.rank = 1

)

select
    attempt_id,
    deployment_id,
    row_number() over (partition by deployment_id order by is_echo asc, telling_number asc) as attempt,
    is_echo,
    source_system,
    native_id,
    repository,
    service_id,
    service_name,
    environment,
    environment_tier,
    sha,
    ref,
    version,
    task,
    deployer_id,
    run_id,
    created_at,
    started_at,
    finished_at,
    outcome,
    unmapped_state,
    exclusion_reason
from resolved
