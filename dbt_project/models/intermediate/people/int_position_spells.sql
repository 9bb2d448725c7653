with

spells as (

    select * from {{ ref('int_employment_spells') }}
    where exclusion_reason is null

),

positions as (

    select * from {{ ref('stg_workday__worker_positions') }}

),

memberships as (

    select * from {{ ref('stg_workday__position_organizations') }}

),

organizations as (

    select * from {{ ref('stg_workday__organizations') }}

),

roster as (

    select * from {{ ref('stg_workday__roster') }}

),

bamboohr_periods as (

    select * from {{ ref('int_bamboohr_periods') }}

),

team_groups as (

    select * from {{ ref('int_team_groups') }}

),

worker_types as (

    select * from {{ ref('hr_worker_types') }}

),

-- What the exports say of where a person is from when to when.
claims as (

    select
        'workday' as source_system,
        memberships.worker_id,
        memberships.organization_id,
        greatest(memberships.valid_from, positions.valid_from) as valid_from,
        least(memberships.valid_to, positions.valid_to) as valid_to,
        case when positions.is_external then 'contractor' else positions.employee_type end as source_type,
        positions.is_excluded_from_headcount,
        positions.fte,
        case when organizations.manager_id <> memberships.worker_id then organizations.manager_id end as manager_id,
        positions.is_primary_job,
        coalesce(positions.history_started_at, cast('1900-01-01 00:00:00' as timestamp)) as position_told_at,
        coalesce(memberships.history_started_at, cast('1900-01-01 00:00:00' as timestamp)) as membership_told_at,
        coalesce(organizations.organization_type = 'SUPERVISORY', false) as is_supervisory,
        memberships.organization_index
    from memberships
    inner join positions
        on
            memberships.worker_id = positions.worker_id
            and memberships.position_id = positions.position_id
            and positions.exclusion_reason is null
    left join organizations
        on memberships.organization_id = organizations.organization_id

    union all

    select
        'roster' as source_system,
        worker_id,
        hr_organization_id as organization_id,
        valid_from,
        valid_to,
        worker_type as source_type,
        false as is_excluded_from_headcount,
        fte,
        manager_id,
        true as is_primary_job,
        coalesce(updated_at, cast('1900-01-01 00:00:00' as timestamp)) as position_told_at,
        cast(valid_from as timestamp) as membership_told_at,
        true as is_supervisory,
        cast(0 as bigint) as organization_index
    from roster

    union all

    select
        'bamboohr' as source_system,
        worker_id,
        department as organization_id,
        valid_from,
        valid_to,
        worker_status as source_type,
        false as is_excluded_from_headcount,
        cast(1 as decimal(9, 4)) as fte,
        manager_id,
        true as is_primary_job,
        cast(hired_date as timestamp) as position_told_at,
        cast(valid_from as timestamp) as membership_told_at,
        true as is_supervisory,
        cast(0 as bigint) as organization_index
    from bamboohr_periods

),

placed as (

    select
        claims.source_system,
        claims.worker_id,
        team_groups.team_id,
        claims.organization_id,
        greatest(claims.valid_from, coalesce(team_groups.valid_from, claims.valid_from)) as valid_from,
        least(claims.valid_to, coalesce(team_groups.valid_to, claims.valid_to)) as valid_to,
        claims.source_type,
        claims.is_excluded_from_headcount,
        claims.fte,
        claims.manager_id,
        claims.is_primary_job,
        claims.position_told_at,
        claims.membership_told_at,
        claims.is_supervisory,
        claims.organization_index
    from claims
    inner join team_groups
        on claims.organization_id = team_groups.hr_organization_id

    union all

    -- The days on which no team of the catalogue is known for the organisation still tell type, manager and hours.
    select
        source_system,
        worker_id,
        cast(null as {{ dbt.type_string() }}) as team_id,
        organization_id,
        valid_from,
        valid_to,
        source_type,
        is_excluded_from_headcount,
        fte,
        manager_id,
        is_primary_job,
        position_told_at,
        membership_told_at,
        is_supervisory,
        organization_index
    from claims

),

clipped as (

    select
        spells.source_system,
        spells.worker_id,
        spells.spell_number,
        placed.team_id,
        placed.organization_id,
        greatest(placed.valid_from, spells.hired_date) as valid_from,
        least(
            placed.valid_to,
            cast({{ dbt.dateadd('day', 1, "coalesce(spells.terminated_date, cast('9999-12-30' as date))") }} as date)
        ) as valid_to,
        placed.source_type,
        placed.is_excluded_from_headcount,
        placed.fte,
        placed.manager_id,
        placed.is_primary_job,
        placed.position_told_at,
        placed.membership_told_at,
        placed.is_supervisory,
        placed.organization_index
    from spells
    inner join placed
        on
            spells.source_system = placed.source_system
            and spells.worker_id = placed.worker_id
            and placed.valid_from < placed.valid_to

),

claimed as (

    select * from clipped
    where valid_from < valid_to

),

-- Every day on which anything may change begins a piece; the pieces of a spell cover it without a gap.
edges as (

    select
        source_system,
        worker_id,
        spell_number,
        hired_date as edge_date
    from spells

    union

    select
        source_system,
        worker_id,
        spell_number,
        cast({{ dbt.dateadd('day', 1, 'terminated_date') }} as date) as edge_date
    from spells
    where terminated_date is not null

    union

    select
        source_system,
        worker_id,
        spell_number,
        valid_from as edge_date
    from claimed

    union

    select
        source_system,
        worker_id,
        spell_number,
        valid_to as edge_date
    from claimed

),

ordered_edges as (

    select
        source_system,
        worker_id,
        spell_number,
        edge_date as valid_from,
        lead(edge_date) over (partition by source_system, worker_id, spell_number order by edge_date) as next_date
    from edges

),

pieces as (

    select
        ordered_edges.source_system,
        ordered_edges.worker_id,
        ordered_edges.spell_number,
        ordered_edges.valid_from,
        coalesce(ordered_edges.next_date, cast('9999-12-31' as date)) as valid_to,
        spells.worker_type,
        spells.counts_as_headcount
    from ordered_edges
    inner join spells
        on
            ordered_edges.source_system = spells.source_system
            and ordered_edges.worker_id = spells.worker_id
            and ordered_edges.spell_number = spells.spell_number
            and ordered_edges.valid_from <= coalesce(spells.terminated_date, cast('9999-12-30' as date))

),

ranked as (

    select
        pieces.source_system,
        pieces.worker_id,
        pieces.spell_number,
        pieces.valid_from,
        pieces.valid_to,
        pieces.worker_type,
        pieces.counts_as_headcount,
        claimed.team_id,
        claimed.organization_id,
        claimed.source_type,
        claimed.is_excluded_from_headcount,
        claimed.fte,
        claimed.manager_id,
        row_number() over (
            partition by pieces.source_system, pieces.worker_id, pieces.spell_number, pieces.valid_from
            order by
                case when claimed.team_id is not null then 0 else 1 end asc,
                case when claimed.is_primary_job then 0 else 1 end asc,
                claimed.position_told_at desc,
                claimed.membership_told_at desc,
                case when claimed.is_supervisory then 0 else 1 end asc,
                claimed.organization_index asc,
                coalesce(claimed.organization_id, '') asc,
                coalesce(claimed.team_id, '') asc,
                coalesce(claimed.source_type, '') asc,
                coalesce(claimed.manager_id, '') asc,
                claimed.fte asc
        ) as claim_rank
    from pieces
    left join claimed
        on
            pieces.source_system = claimed.source_system
            and pieces.worker_id = claimed.worker_id
            and pieces.spell_number = claimed.spell_number
            and pieces.valid_from >= claimed.valid_from
            and pieces.valid_from < claimed.valid_to

),

resolved as (

    select
        ranked.source_system,
        ranked.worker_id,
        ranked.spell_number,
        ranked.valid_from,
        ranked.valid_to,
        coalesce(ranked.team_id, 'unmapped') as team_id,
        case
            when ranked.team_id is not null then 'organization'
            when ranked.organization_id is not null then 'organization_unmapped'
            else 'no_position'
        end as team_method,
        ranked.manager_id,
        coalesce(ranked.fte, 1) as fte,
        coalesce(worker_types.worker_type, ranked.worker_type) as worker_type,
        coalesce(worker_types.counts_as_headcount, ranked.counts_as_headcount)
        and not coalesce(ranked.is_excluded_from_headcount, not ranked.counts_as_headcount) as counts_as_headcount
    from ranked
    left join worker_types
        on ranked.source_type = worker_types.source_value
    where ranked.claim_rank = 1

),

-- Neighbouring pieces that say the same are one row.
compared as (

    select
        *,
        {{ hash_text(['team_id', 'team_method', 'manager_id', 'fte', 'worker_type', 'counts_as_headcount']) }}
            as content
    from resolved

),

marked as (

    select
        *,
        case
            when
                content = lag(content) over (partition by source_system, worker_id, spell_number order by valid_from)
                then 0
            else 1
        end as begins_new
    from compared

),

islands as (

    select
        *,
        sum(begins_new) over (
            partition by source_system, worker_id, spell_number
            order by valid_from
            rows between unbounded preceding and current row
        ) as island
    from marked

)

select
    source_system,
    worker_id,
    spell_number,
    team_id,
    manager_id,
    fte,
    min(valid_from) as valid_from,
    max(valid_to) as valid_to,
    worker_type,
    counts_as_headcount,
    team_method
from islands
group by
    source_system,
    worker_id,
    spell_number,
    island,
    team_id,
    manager_id,
    fte,
    worker_type,
    counts_as_headcount,
    team_method
