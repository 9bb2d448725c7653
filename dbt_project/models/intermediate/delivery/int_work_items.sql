select
    cast(null as string) as work_item_id,
    cast(null as string) as source_system,
    cast(null as string) as repository,
    cast(null as string) as service_id,
    cast(null as string) as team_id,
    cast(null as string) as work_type,
    cast(null as string) as state,
    cast(null as string) as title,
    cast(null as double) as points,
    cast(null as timestamp) as created_at,
    cast(null as timestamp) as started_at,
    cast(null as timestamp) as done_at,
    cast(null as date) as due_date,
    cast(null as string) as author_id,
    cast(null as boolean) as is_bot,
    cast(null as string) as labels,
    cast(null as string) as exclusion_reason
where 1 = 0
