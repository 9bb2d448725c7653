select
    cast(null as string) as service_id,
    cast(null as string) as service_name,
    cast(null as string) as team_id,
    cast(null as string) as group_id,
    cast(null as string) as tier,
    cast(null as date) as valid_from,
    cast(null as date) as valid_to
where 1 = 0
