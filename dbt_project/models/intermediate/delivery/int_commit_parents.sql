select
    cast(null as string) as repository,
    cast(null as string) as sha,
    cast(null as string) as parent_sha,
    cast(null as bigint) as parent_index
where 1 = 0
