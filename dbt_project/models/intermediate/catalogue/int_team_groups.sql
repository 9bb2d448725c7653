-- The list may overlap itself (a correction beside the old row): each stretch of time takes the row that began last.
with listed as (

    select
        team_id,
        team_name,
        group_id,
        group_name,
        hr_organization_id,
        valid_from,
        valid_to
    from {{ ref('stg_catalogue__teams') }}
    where valid_from < valid_to

),

backstage_groups as (

    select
        entity_name,
        title,
        parent_name,
        hr_organization_id
    from {{ ref('stg_catalogue__backstage_entities') }}
    where kind = 'group'

),

listed_teams as (

    select distinct team_id
    from listed

),

owning_groups as (

    select distinct owner_name as team_id
    from {{ ref('stg_catalogue__backstage_entities') }}
    where kind = 'component'

),

from_backstage as (

    select
        teams.entity_name as team_id,
        teams.title as team_name,
        coalesce(teams.parent_name, 'unmapped') as group_id,
        coalesce(parents.title, teams.parent_name, 'unmapped') as group_name,
        teams.hr_organization_id,
        date '1900-01-01' as valid_from,
        date '9999-12-31' as valid_to
    from backstage_groups as teams
    inner join owning_groups on teams.entity_name = owning_groups.team_id
    left join backstage_groups as parents on teams.parent_name = parents.entity_name
    left join listed_teams on teams.entity_name = listed_teams.team_id
    where listed_teams.team_id is null

),

candidates as (

    select
        team_id,
        team_name,
        group_id,
        group_name,
        hr_organization_id,
        valid_from,
        valid_to
    from listed
    union all
    select
        team_id,
        team_name,
        group_id,
        group_name,
        hr_organization_id,
        valid_from,
        valid_to
    from from_backstage

),

boundaries as (

    select
        team_id,
        valid_from as boundary
    from candidates
    union
    select
        team_id,
        valid_to as boundary
    from candidates

),

stretches as (

    select
        team_id,
        boundary as valid_from,
        lead(boundary) over (partition by team_id order by boundary) as valid_to
    from boundaries

),

ranked as (

    select
        stretches.team_id,
        candidates.team_name,
        candidates.group_id,
        candidates.group_name,
        candidates.hr_organization_id,
        stretches.valid_from,
        stretches.valid_to,
        row_number() over (
            partition by stretches.team_id, stretches.valid_from
            order by
                candidates.valid_from desc,
                candidates.valid_to asc,
                candidates.group_id asc,
                candidates.team_name asc,
                candidates.hr_organization_id asc
        ) as rank
    from stretches
    inner join candidates
        on
            stretches.team_id = candidates.team_id
            and stretches.valid_from >= candidates.valid_from
            and stretches.valid_to <= candidates.valid_to

)

select
    team_id,
    team_name,
    group_id,
    group_name,
    hr_organization_id,
    valid_from,
    valid_to
from ranked
where rank = 1
