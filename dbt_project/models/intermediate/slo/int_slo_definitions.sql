select
    cast(null as string) as slo_id,
    cast(null as string) as slo_name,
    cast(null as string) as service_id,
    cast(null as decimal(18, 9)) as objective,
    cast(null as string) as budgeting_method,
    cast(null as decimal(18, 9)) as time_slice_target,
    cast(null as bigint) as time_slice_seconds,
    cast(null as string) as window_type,
    cast(null as bigint) as window_days,
    cast(null as string) as calendar_unit,
    cast(null as string) as description,
    cast(null as string) as query,
    cast(null as date) as valid_from,
    cast(null as date) as valid_to
where 1 = 0
