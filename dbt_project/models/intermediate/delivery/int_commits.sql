select
    cast(null as string) as source_system,
    cast(null as string) as repository,
    cast(null as string) as sha,
    cast(null as string) as author_id,
    cast(null as boolean) as is_bot,
    cast(null as timestamp) as authored_at,
    cast(null as timestamp) as committed_at,
    cast(null as string) as first_parent_sha,
    cast(null as bigint) as parent_count,
    cast(null as boolean) as is_merge,
    cast(null as string) as message_title,
    cast(null as string) as reverts_sha
where 1 = 0
