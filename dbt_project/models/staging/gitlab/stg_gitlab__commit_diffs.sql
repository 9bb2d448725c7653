select
    project_id,
    sha,
    file_path
from {{ source('raw_gitlab', 'commit_diffs') }}
