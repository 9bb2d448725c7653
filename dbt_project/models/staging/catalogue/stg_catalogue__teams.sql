select
    team_id,
    coalesce(team_name, team_id) as team_name,
    coalesce(group_id, 'unmapped') as group_id,
    coalesce(group_name, group_id, 'unmapped') as group_name,
    hr_organization_id,
    coalesce(valid_from, date '1900-01-01') as valid_from,
    coalesce(valid_to, date '9999-12-31') as valid_to
from {{ source('raw_catalogue', 'teams') }}
