select
    {{ jenkins_job_name('job') }} as job,
    build_number,
    started_at,
    sha
from {{ source('raw_jenkins', 'build_changes') }}
