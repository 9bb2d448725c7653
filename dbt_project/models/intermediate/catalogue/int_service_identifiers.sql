select
    cast(null as string) as tool,
    cast(null as string) as identifier,
    cast(null as string) as service_id
where 1 = 0
