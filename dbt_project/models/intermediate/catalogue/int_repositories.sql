select
    cast(null as string) as repository,
    cast(null as string) as service_id,
    cast(null as string) as path_glob,
    cast(null as string) as default_branch
where 1 = 0
