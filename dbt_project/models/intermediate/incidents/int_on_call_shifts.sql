select
    cast(null as string) as source_system,
    cast(null as string) as schedule_id,
    cast(null as string) as user_id,
    cast(null as string) as user_time_zone,
    cast(null as string) as team_id,
    cast(null as bigint) as escalation_level,
    cast(null as timestamp) as started_at,
    cast(null as timestamp) as ended_at
where 1 = 0
