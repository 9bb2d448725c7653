select
    cast(null as string) as source_system,
    cast(null as string) as worker_id,
    cast(null as bigint) as spell_number,
    cast(null as string) as team_id,
    cast(null as string) as manager_id,
    cast(null as decimal(9, 4)) as fte,
    cast(null as date) as valid_from,
    cast(null as date) as valid_to
where 1 = 0
