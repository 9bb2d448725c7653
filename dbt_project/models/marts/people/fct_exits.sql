with

spells as (

    select * from {{ ref('int_employment_spells') }}

),

positions as (

    select * from {{ ref('int_position_spells') }}

),

left_company as (

    select
        spells.source_system,
        spells.worker_id,
        spells.spell_number,
        'company' as exit_scope,
        spells.terminated_date as exit_date,
        coalesce(positions.team_id, 'unmapped') as team_id,
        cast(null as {{ dbt.type_string() }}) as to_team_id,
        coalesce(positions.worker_type, spells.worker_type) as worker_type,
        spells.termination_kind,
        spells.termination_reason,
        spells.is_regretted,
        spells.is_regretted_by_rule,
        case
            when spells.exclusion_reason is not null then spells.exclusion_reason
            when not coalesce(positions.counts_as_headcount, spells.counts_as_headcount) then 'not_headcount'
        end as exclusion_reason
    from spells
    left join positions
        on
            spells.source_system = positions.source_system
            and spells.worker_id = positions.worker_id
            and spells.spell_number = positions.spell_number
            and spells.exclusion_reason is null
            and spells.terminated_date >= positions.valid_from
            and spells.terminated_date < positions.valid_to
    where spells.terminated_date is not null

),

moves as (

    select
        source_system,
        worker_id,
        spell_number,
        team_id,
        valid_to,
        worker_type,
        counts_as_headcount,
        lead(team_id) over (partition by source_system, worker_id, spell_number order by valid_from) as to_team_id
    from positions

),

left_team as (

    select
        source_system,
        worker_id,
        spell_number,
        'team' as exit_scope,
        cast({{ dbt.dateadd('day', -1, 'valid_to') }} as date) as exit_date,
        team_id,
        to_team_id,
        worker_type,
        cast(null as {{ dbt.type_string() }}) as termination_kind,
        cast(null as {{ dbt.type_string() }}) as termination_reason,
        cast(null as boolean) as is_regretted,
        cast(null as boolean) as is_regretted_by_rule,
        case when not counts_as_headcount then 'not_headcount' end as exclusion_reason
    from moves
    where to_team_id <> team_id

),

exits as (

    select
        source_system,
        worker_id,
        spell_number,
        exit_scope,
        exit_date,
        team_id,
        to_team_id,
        worker_type,
        termination_kind,
        termination_reason,
        is_regretted,
        is_regretted_by_rule,
        exclusion_reason
    from left_company

    union all

    select
        source_system,
        worker_id,
        spell_number,
        exit_scope,
        exit_date,
        team_id,
        to_team_id,
        worker_type,
        termination_kind,
        termination_reason,
        is_regretted,
        is_regretted_by_rule,
        exclusion_reason
    from left_team

)

select
    source_system,
    worker_id,
    spell_number,
    exit_scope,
    exit_date,
    team_id,
    to_team_id,
    worker_type,
    termination_kind,
    termination_reason,
    is_regretted,
    is_regretted_by_rule,
    case
        when exit_scope = 'team' then null
        when is_regretted is not null then 'export'
        when {{ var('regretted_fallback') }} and is_regretted_by_rule is not null then 'rule'
        else 'unknown'
    end as regretted_basis,
    case
        when exit_scope = 'team' then null
        when is_regretted is not null then is_regretted
        when {{ var('regretted_fallback') }} then is_regretted_by_rule
    end as counts_as_regretted,
    exclusion_reason
from exits
where exit_date <= cast('{{ var("as_of_date") }}' as date)
