-- What people write about a merge request, and what GitLab's own notes say that they did to it: only an approval and a
-- request for changes are a review among those.
{{ config(materialized='view') }}

select
    merge_requests.repository,
    merge_requests.pull_number,
    notes.author_id as reviewer_id,
    cast(null as string) as reviewer_type,
    case
        when not notes.is_system then 'commented'
        when notes.verdict = 'approved' then 'approved'
        else 'changes_requested'
    end as review_state,
    notes.created_at as submitted_at
from {{ ref('stg_gitlab__merge_request_notes') }} as notes
inner join {{ ref('stg_gitlab__merge_requests') }} as merge_requests
    on notes.merge_request_id = merge_requests.merge_request_id
where
    coalesce(notes.noteable_type, 'MergeRequest') = 'MergeRequest'
    and (not notes.is_system or notes.verdict in ('approved', 'requested changes'))
