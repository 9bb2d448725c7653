select
    cast(null as string) as source_system,
    cast(null as string) as slo_id,
    cast(null as timestamp) as interval_started_at,
    cast(null as bigint) as interval_seconds,
    cast(null as decimal(38, 9)) as good,
    cast(null as decimal(38, 9)) as total
where 1 = 0
