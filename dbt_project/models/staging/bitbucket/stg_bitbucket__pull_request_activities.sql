select
    replace(repository, '/repos/', '/') as repository,
    pull_number,
    happened_at,
    actor_id,
    case
        when action = 'reviewed' then 'changes_requested'
        when action is not null then action
        when comment_id is not null then 'commented'
        when approved_at is not null then 'approved'
        when changes_requested_at is not null then 'changes_requested'
        when new_state in ('merged', 'declined', 'superseded') then new_state
    end as action
from {{ source('raw_bitbucket', 'pull_request_activities') }}
