select
    repository,
    ref,
    coalesce(ref = 'refs/heads/' || default_branch, false) as is_default_branch,
    sha,
    author_id,
    committed_at,
    substring(message_title, 1, 200) as message_title,
    reverts_sha,
    -- Of several commits nobody tells which is whose parent; a single one stands on what was there before.
    case when second_sha is null and not coalesce(is_forced, false) then before_sha end as first_parent_sha
from {{ source('raw_github', 'pushes') }}
