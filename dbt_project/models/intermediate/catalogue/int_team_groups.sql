select
    cast(null as string) as team_id,
    cast(null as string) as team_name,
    cast(null as string) as group_id,
    cast(null as string) as group_name,
    cast(null as string) as hr_organization_id,
    cast(null as date) as valid_from,
    cast(null as date) as valid_to
where 1 = 0
