-- Three lists change on their own days: what a service is, who owns it, and which group the owner is in. Their days
-- cut the life of a service into stretches; each takes the rows that hold then, and where two claim it, the one
-- begun last.
with services as (

    select
        service_id,
        service_name,
        tier,
        valid_from,
        valid_to
    from {{ ref('stg_catalogue__services') }}
    where valid_from < valid_to

),

owners as (

    select
        service_id,
        team_id,
        valid_from,
        valid_to
    from {{ ref('stg_catalogue__service_owners') }}
    where valid_from < valid_to

),

listed_services as (

    select service_id from services
    union
    select service_id from owners

),

backstage as (

    select
        entities.entity_name as service_id,
        entities.title as service_name,
        entities.tier,
        entities.owner_name as team_id
    from {{ ref('stg_catalogue__backstage_entities') }} as entities
    left join listed_services on entities.entity_name = listed_services.service_id
    where
        entities.kind = 'component'
        and coalesce(entities.entity_type, 'service') not in ('library', 'documentation')
        and listed_services.service_id is null

),

named as (

    select
        service_id,
        service_name,
        tier,
        valid_from,
        valid_to
    from services
    union all
    select
        service_id,
        service_name,
        tier,
        date '1900-01-01' as valid_from,
        date '9999-12-31' as valid_to
    from backstage

),

owned as (

    select
        service_id,
        team_id,
        valid_from,
        valid_to
    from owners
    union all
    select
        service_id,
        team_id,
        date '1900-01-01' as valid_from,
        date '9999-12-31' as valid_to
    from backstage
    where team_id is not null

),

teams as (

    select
        team_id,
        group_id,
        valid_from,
        valid_to
    from {{ ref('int_team_groups') }}

),

team_days as (

    select
        team_id,
        valid_from as boundary
    from teams
    union
    select
        team_id,
        valid_to as boundary
    from teams

),

boundaries as (

    select
        service_id,
        valid_from as boundary
    from named
    union
    select
        service_id,
        valid_to as boundary
    from named
    union
    select
        service_id,
        valid_from as boundary
    from owned
    union
    select
        service_id,
        valid_to as boundary
    from owned
    union
    select
        owned.service_id,
        team_days.boundary
    from owned
    inner join team_days
        on
            owned.team_id = team_days.team_id
            and owned.valid_from < team_days.boundary
            and owned.valid_to > team_days.boundary

),

stretches as (

    select
        service_id,
        boundary as valid_from,
        lead(boundary) over (partition by service_id order by boundary) as valid_to
    from boundaries

),

named_stretches as (

    select
        stretches.service_id,
        stretches.valid_from,
        stretches.valid_to,
        named.service_name,
        named.tier,
        row_number() over (
            partition by stretches.service_id, stretches.valid_from
            order by named.valid_from desc, named.valid_to asc, named.tier asc, named.service_name asc
        ) as rank
    from stretches
    left join named
        on
            stretches.service_id = named.service_id
            and stretches.valid_from >= named.valid_from
            and stretches.valid_to <= named.valid_to
    where stretches.valid_to is not null

),

owned_stretches as (

    select
        named_stretches.service_id,
        named_stretches.valid_from,
        named_stretches.valid_to,
        named_stretches.service_name,
        named_stretches.tier,
        owned.team_id,
        row_number() over (
            partition by named_stretches.service_id, named_stretches.valid_from
            order by owned.valid_from desc, owned.valid_to asc, owned.team_id asc
        ) as rank
    from named_stretches
    left join owned
        on
            named_stretches.service_id = owned.service_id
            and named_stretches.valid_from >= owned.valid_from
            and named_stretches.valid_to <= owned.valid_to
    where named_stretches.rank = 1

),

placed as (

    select
        owned_stretches.service_id,
        owned_stretches.valid_from,
        owned_stretches.valid_to,
        coalesce(owned_stretches.service_name, owned_stretches.service_id) as service_name,
        coalesce(owned_stretches.team_id, 'unmapped') as team_id,
        coalesce(teams.group_id, 'unmapped') as group_id,
        coalesce(owned_stretches.tier, 'unmapped') as tier
    from owned_stretches
    left join teams
        on
            owned_stretches.team_id = teams.team_id
            and owned_stretches.valid_from >= teams.valid_from
            and owned_stretches.valid_to <= teams.valid_to
    where
        owned_stretches.rank = 1
        -- A gap between two periods: the service was neither described nor owned.
        and (owned_stretches.service_name is not null or owned_stretches.team_id is not null)

),

compared as (

    select
        service_id,
        valid_from,
        valid_to,
        service_name,
        team_id,
        group_id,
        tier,
        case
            when
                lag(valid_to) over (partition by service_id order by valid_from) = valid_from
                and lag(service_name) over (partition by service_id order by valid_from) = service_name
                and lag(team_id) over (partition by service_id order by valid_from) = team_id
                and lag(group_id) over (partition by service_id order by valid_from) = group_id
                and lag(tier) over (partition by service_id order by valid_from) = tier
                then 0
            else 1
        end as begins
    from placed

),

islands as (

    select
        service_id,
        valid_from,
        valid_to,
        service_name,
        team_id,
        group_id,
        tier,
        sum(begins)
            over (partition by service_id order by valid_from rows between unbounded preceding and current row)
            as island
    from compared

)

select
    service_id,
    service_name,
    team_id,
    group_id,
    tier,
    min(valid_from) as valid_from,
    max(valid_to) as valid_to
from islands
group by service_id, service_name, team_id, group_id, tier, island
