select
    cast(null as string) as incident_id,
    cast(null as string) as service_id
where 1 = 0
