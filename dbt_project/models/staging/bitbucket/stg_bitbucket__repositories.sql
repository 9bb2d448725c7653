select
    repository_uuid,
    repository,
    default_branch
from {{ source('raw_bitbucket', 'repositories') }}
