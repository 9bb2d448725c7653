select
    cast(null as string) as change_id,
    cast(null as string) as service_id,
    cast(null as string) as method
where 1 = 0
