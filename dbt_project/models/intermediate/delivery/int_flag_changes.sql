-- An entry names what it touched as resources (proj/default;tag:env/production:flag/new-checkout), one for each
-- environment; the form that integrations get names project, environment and flag apart. A star or a tilde stands for
-- all environments.
with entries as (

    select
        entry_id,
        happened_at,
        name,
        title_verb,
        verb_kind,
        accesses,
        resources,
        flag_key,
        project_key,
        environment_key
    from {{ ref('stg_launchdarkly__audit_log_entries') }}
    where kind = 'flag'

),

accessed as (

    {{ explode_json_array('entries', ['entry_id'], 'accesses', 'access_element') }}

),

targeted as (

    {{ explode_json_array('entries', ['entry_id'], 'resources', 'resource') }}

),

touched as (

    select
        entry_id,
        lower({{ json_text('access_element', 'action') }}) as action,
        {{ json_text('access_element', 'resource') }} as resource
    from accessed
    union
    select
        entry_id,
        cast(null as string) as action,
        resource
    from targeted

),

named as (

    select
        entry_id,
        action,
        nullif(regexp_extract(resource, '^proj/([^:;]+)', 1), '') as project_key,
        nullif(regexp_extract(resource, ':env/([^:;]+)', 1), '') as environment_key,
        nullif(regexp_extract(resource, ':flag/([^:;]+)', 1), '') as flag_key
    from touched
    where resource like '%:flag/%'
    union all
    select
        entries.entry_id,
        entries.verb_kind as action,
        entries.project_key,
        entries.environment_key,
        entries.flag_key
    from entries
    left join touched
        on
            entries.entry_id = touched.entry_id
            and touched.resource like '%:flag/%'
    where touched.entry_id is null

),

placed as (

    select
        named.entry_id,
        coalesce(named.project_key, entries.project_key, '(none)') as project_key,
        coalesce(named.flag_key, entries.flag_key, '(none)') as flag_key,
        case
            when coalesce(named.environment_key, entries.environment_key, '~') in ('*', '~') then 'all'
            else coalesce(named.environment_key, entries.environment_key)
        end as environment,
        named.action,
        entries.title_verb,
        entries.name,
        entries.happened_at
    from named
    inner join entries on named.entry_id = entries.entry_id

),

actions as (

    select distinct action as action_text
    from placed
    where action is not null
    union
    select distinct title_verb as action_text
    from placed
    where title_verb is not null

),

ruled as (

    select
        actions.action_text,
        rules.rank,
        rules.change_kind,
        rules.is_behavioural
    from actions
    inner join {{ ref('flag_actions') }} as rules on {{ matches_pattern('actions.action_text', 'rules.pattern') }}

),

-- An action is surer than the words for it, which are those of the whole entry.
matched as (

    select
        placed.entry_id,
        placed.project_key,
        placed.flag_key,
        placed.environment,
        ruled.change_kind,
        ruled.is_behavioural,
        row_number() over (
            partition by placed.entry_id, placed.project_key, placed.flag_key, placed.environment
            order by
                case when placed.action = ruled.action_text then 0 else 1 end asc, ruled.rank asc, ruled.change_kind asc
        ) as position
    from placed
    inner join ruled on ruled.action_text in (placed.action, placed.title_verb)

),

changes as (

    select
        entry_id,
        project_key,
        flag_key,
        environment,
        max(name) as flag_name,
        max(action) as action,
        max(title_verb) as title_verb,
        max(happened_at) as happened_at
    from placed
    group by entry_id, project_key, flag_key, environment

),

tiers as (

    select
        environments.environment,
        rules.environment_tier,
        row_number() over (partition by environments.environment order by rules.rank asc, rules.pattern asc) as position
    from (select distinct environment from changes) as environments
    inner join {{ ref('environment_tiers') }} as rules
        on {{ matches_pattern('lower(environments.environment)', 'rules.pattern') }}

),

identifiers as (

    select
        identifier,
        service_id
    from {{ ref('int_service_identifiers') }}
    where tool = 'launchdarkly'

),

services as (

    select distinct service_id
    from {{ ref('int_service_ownership') }}

)

select
    'launchdarkly:' || changes.entry_id || ':' || changes.project_key || '/' || changes.flag_key
    || '/' || changes.environment as flag_change_id,
    'launchdarkly' as source_system,
    changes.entry_id,
    changes.happened_at,
    changes.project_key,
    changes.flag_key,
    changes.flag_name,
    changes.environment,
    case
        when changes.environment = 'all' then 'all'
        else coalesce(tiers.environment_tier, 'unmapped')
    end as environment_tier,
    coalesce(changes.action, changes.title_verb) as action,
    coalesce(matched.change_kind, 'unmapped') as change_kind,
    case
        when matched.change_kind = 'toggle' and changes.title_verb like 'turned on%' then true
        when matched.change_kind = 'toggle' and changes.title_verb like 'turned off%' then false
    end as is_turned_on,
    -- What no rule knows may well have changed something.
    coalesce(matched.is_behavioural, true) as is_behavioural,
    coalesce(matched.is_behavioural, true)
    and (changes.environment = 'all' or coalesce(tiers.environment_tier = 'production', false)) as is_production,
    -- The flag is nearer to a service than the project in which it lies.
    coalesce(
        by_both.service_id, by_flag.service_id, by_project.service_id, services.service_id, 'unmapped'
    ) as service_id
from changes
left join matched
    on
        changes.entry_id = matched.entry_id
        and changes.project_key = matched.project_key
        and changes.flag_key = matched.flag_key
        and changes.environment = matched.environment
        and matched.position = 1
left join tiers
    on
        changes.environment = tiers.environment
        and tiers.position = 1
left join identifiers as by_both
    on lower(changes.project_key || '/' || changes.flag_key) = by_both.identifier
left join identifiers as by_flag on lower(changes.flag_key) = by_flag.identifier
left join identifiers as by_project on lower(changes.project_key) = by_project.identifier
left join services on lower(changes.project_key) = services.service_id
