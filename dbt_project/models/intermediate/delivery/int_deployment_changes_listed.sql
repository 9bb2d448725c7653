select
    cast(null as string) as deployment_id,
    cast(null as string) as repository,
    cast(null as string) as sha
where 1 = 0
