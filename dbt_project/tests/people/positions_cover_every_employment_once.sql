-- The times of an employment lie side by side from its first day to its last: no day is lost, none counts twice.
with positions as (

    select
        source_system,
        worker_id,
        spell_number,
        min(valid_from) as first_date,
        max(valid_to) as next_date,
        sum({{ dbt.datediff('valid_from', 'valid_to', 'day') }}) as days
    from {{ ref('int_position_spells') }}
    group by source_system, worker_id, spell_number

),

spells as (

    select
        source_system,
        worker_id,
        spell_number,
        hired_date,
        case
            when terminated_date is not null then cast({{ dbt.dateadd('day', 1, 'terminated_date') }} as date)
            else cast('9999-12-31' as date)
        end as next_date
    from {{ ref('int_employment_spells') }}
    where exclusion_reason is null

)

select
    spells.worker_id,
    spells.spell_number,
    positions.days
from spells
left join positions
    on
        spells.source_system = positions.source_system
        and spells.worker_id = positions.worker_id
        and spells.spell_number = positions.spell_number
where
    positions.worker_id is null
    or positions.first_date <> spells.hired_date
    or positions.next_date <> spells.next_date
    or positions.days <> {{ dbt.datediff('spells.hired_date', 'spells.next_date', 'day') }}
