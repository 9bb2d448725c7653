with accounts as (

    select
        author_id as account_id,
        author_type as account_type
    from {{ ref('int_commit_tellings') }}
    union
    select
        author_id as account_id,
        author_type as account_type
    from {{ ref('int_pull_requests') }}
    union
    select
        reviewer_id as account_id,
        reviewer_type as account_type
    from {{ ref('int_pull_request_reviews') }}
    union
    select
        author_id as account_id,
        author_type as account_type
    from {{ ref('stg_github__issues') }}

),

known as (

    select
        account_id,
        max(case when lower(account_type) = 'bot' then 1 else 0 end) as is_marked
    from accounts
    where account_id is not null
    group by account_id

),

matched as (

    select
        known.account_id,
        known.is_marked,
        max(case when patterns.pattern is not null then 1 else 0 end) as is_matched
    from known
    left join
        {{ ref('bot_patterns') }} as patterns
        on {{ matches_pattern('lower(known.account_id)', 'patterns.pattern') }}
    group by known.account_id, known.is_marked

)

select
    account_id,
    case when is_marked = 1 then 'marked by the source' else 'pattern' end as method
from matched
where is_marked = 1 or is_matched = 1
