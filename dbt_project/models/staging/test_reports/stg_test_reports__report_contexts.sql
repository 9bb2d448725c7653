select
    bundle,
    repository,
    commit_sha,
    run_id,
    run_attempt,
    job,
    finished_at
from {{ source('raw_test_reports', 'report_contexts') }}
