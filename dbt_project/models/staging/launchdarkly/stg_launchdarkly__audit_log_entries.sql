select
    entry_id,
    happened_at,
    kind,
    name,
    title_verb,
    verb_kind,
    accesses,
    resources,
    flag_key,
    project_key,
    environment_key,
    member_id
from {{ source('raw_launchdarkly', 'audit_log_entries') }}
