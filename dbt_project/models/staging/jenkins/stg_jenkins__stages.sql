select
    {{ jenkins_job_name('job') }} as job,
    build_number,
    stage_id,
    stage_name,
    status,
    started_at,
    case
        when coalesce(status, '') not in ('in_progress', 'paused_pending_input')
            then {{ dbt.dateadd('second', whole_quotient('duration_ms', '1000'), 'started_at') }}
    end as finished_at,
    duration_ms,
    pause_ms
from {{ source('raw_jenkins', 'stages') }}
