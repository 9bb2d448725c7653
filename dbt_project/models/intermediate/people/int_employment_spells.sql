select
    cast(null as string) as source_system,
    cast(null as string) as worker_id,
    cast(null as bigint) as spell_number,
    cast(null as string) as worker_type,
    cast(null as boolean) as counts_as_headcount,
    cast(null as date) as hired_date,
    cast(null as date) as terminated_date,
    cast(null as string) as termination_kind,
    cast(null as string) as termination_reason,
    cast(null as boolean) as is_regretted,
    cast(null as boolean) as is_regretted_by_rule,
    cast(null as string) as exclusion_reason
where 1 = 0
