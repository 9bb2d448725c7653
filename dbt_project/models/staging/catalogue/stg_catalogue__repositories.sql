select
    repository,
    service_id,
    coalesce(path_glob, '**') as path_glob,
    default_branch
from {{ source('raw_catalogue', 'repositories') }}
