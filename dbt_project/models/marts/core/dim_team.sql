with periods as (

    select
        team_id,
        team_name,
        group_id,
        group_name,
        hr_organization_id,
        valid_from,
        valid_to
    from {{ ref('int_team_groups') }}

),

-- The period that holds on the last day that counts; for a team that is gone or yet to come, its latest.
ranked as (

    select
        team_id,
        team_name,
        group_id,
        group_name,
        hr_organization_id,
        min(valid_from) over (partition by team_id) as first_day,
        max(valid_to) over (partition by team_id) as end_day,
        row_number() over (
            partition by team_id
            order by
                case when valid_from <= cast('{{ var("as_of_date") }}' as date) then 0 else 1 end asc,
                valid_from desc
        ) as rank
    from periods

)

select
    team_id,
    team_name,
    group_id,
    group_name,
    hr_organization_id,
    first_day as valid_from,
    end_day as valid_to,
    first_day <= cast('{{ var("as_of_date") }}' as date)
    and end_day > cast('{{ var("as_of_date") }}' as date) as is_active
from ranked
where rank = 1
union all
select
    'unmapped' as team_id,
    'Not mapped to a team' as team_name,
    'unmapped' as group_id,
    'Not mapped to a group' as group_name,
    cast(null as string) as hr_organization_id,
    date '1900-01-01' as valid_from,
    date '9999-12-31' as valid_to,
    true as is_active
