select
    cast(null as string) as service_id,
    cast(null as string) as depends_on_service_id
where 1 = 0
