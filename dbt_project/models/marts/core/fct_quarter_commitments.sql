{%- set committed_by -%}
{{ dbt.dateadd('hour', var('quarter_commitment_grace_hours') | int, 'quarter_started_at') }}
{%- endset -%}

with

listed as (
    select
        quarter,
        -- What stands between the parts of a quarter's name, and the letters FY before its year, say nothing.
        translate(lower(quarter), 'fy -_/', '') as quarter_spelling,
        team_id,
        work_item,
        title,
        committed_at,
        removed_at,
        delivered_at
    from {{ ref('stg_catalogue__quarter_commitments') }}
),

work_items as (
    select
        work_item_id,
        item_key,
        title,
        service_id,
        work_type,
        points,
        done_at,
        exclusion_reason
    from {{ ref('fct_work_items') }}
),

-- Quarters to come are planned before the calendar has a day of them.
quarters as (
    select
        fiscal_year,
        fiscal_quarter,
        fiscal_quarter_start_date as quarter_start_date
    from {{ ref('dim_date') }}
    union
    select
        fiscal_year + 1 as fiscal_year,
        fiscal_quarter,
        cast({{ dbt.dateadd('month', 12, 'fiscal_quarter_start_date') }} as date) as quarter_start_date
    from {{ ref('dim_date') }}
),

spelled_quarters as (
    select
        cast(fiscal_year as string) || 'q' || cast(fiscal_quarter as string) as quarter_spelling,
        quarter_start_date
    from quarters
    union all
    select
        'q' || cast(fiscal_quarter as string) || cast(fiscal_year as string) as quarter_spelling,
        quarter_start_date
    from quarters
    union all
    select
        translate(cast(quarter_start_date as string), '-', '') as quarter_spelling,
        quarter_start_date
    from quarters
),

item_keys as (
    select
        lower(item_key) as item_key,
        min(work_item_id) as work_item_id
    from work_items
    group by lower(item_key)
),

item_titles as (
    select
        lower(trim(title)) as title,
        min(work_item_id) as work_item_id
    from work_items
    where title is not null
    group by lower(trim(title))
    having count(*) = 1
),

found as (
    select
        listed.quarter,
        spelled_quarters.quarter_start_date,
        listed.team_id,
        listed.work_item,
        listed.title,
        coalesce(item_keys.work_item_id, item_titles.work_item_id) as work_item_id,
        coalesce(
            item_keys.work_item_id,
            item_titles.work_item_id,
            listed.team_id || ': ' || lower(coalesce(listed.work_item, listed.title, 'unnamed'))
        ) as commitment_id,
        listed.committed_at,
        listed.removed_at,
        listed.delivered_at
    from listed
    left join spelled_quarters on listed.quarter_spelling = spelled_quarters.quarter_spelling
    left join item_keys on lower(listed.work_item) = item_keys.item_key
    left join item_titles on listed.work_item is null and lower(listed.title) = item_titles.title
),

spanned as (
    select
        coalesce(cast(quarter_start_date as string), quarter) as quarter,
        quarter_start_date,
        cast({{ dbt.dateadd('day', -1, dbt.dateadd('month', 3, 'quarter_start_date')) }} as date) as quarter_end_date,
        {{ business_day_start('quarter_start_date') }} as quarter_started_at,
        {{ business_day_start(dbt.dateadd('month', 3, 'quarter_start_date')) }} as quarter_ended_at,
        team_id,
        work_item,
        title,
        work_item_id,
        commitment_id,
        committed_at,
        removed_at,
        delivered_at
    from found
),

-- What stands on the list twice is one commitment: from the first time on, and until the last one is taken out.
commitments as (
    select
        quarter,
        team_id,
        commitment_id,
        max(quarter_start_date) as quarter_start_date,
        max(quarter_end_date) as quarter_end_date,
        max(quarter_started_at) as quarter_started_at,
        max(quarter_ended_at) as quarter_ended_at,
        max(work_item_id) as work_item_id,
        max(work_item) as work_item,
        max(title) as title,
        min(coalesce(committed_at, quarter_started_at)) as committed_at,
        case when count(removed_at) = count(*) then max(removed_at) end as removed_at,
        min(delivered_at) as delivered_at
    from spanned
    group by quarter, team_id, commitment_id
),

limited as (
    select
        commitments.*,
        least(quarter_ended_at, coalesce(removed_at, quarter_ended_at)) as judged_at
    from commitments
),

-- As it was when the quarter ended, or when it was taken out: what happens afterwards changes nothing in it.
states as (
    select
        limited.quarter,
        limited.team_id,
        limited.commitment_id,
        case when changes.changed_at < limited.judged_at then changes.to_state end as state,
        row_number() over (
            partition by limited.quarter, limited.team_id, limited.commitment_id
            order by
                case when changes.changed_at < limited.judged_at then 0 else 1 end asc,
                changes.changed_at desc,
                changes.change_order desc
        ) as position
    from limited
    inner join {{ ref('int_work_item_changes') }} as changes
        on
            limited.work_item_id = changes.work_item_id
            and changes.field = 'status'
            and changes.changed_at is not null
),

judged as (
    select
        limited.quarter,
        limited.team_id,
        limited.commitment_id,
        limited.quarter_start_date,
        limited.quarter_end_date,
        limited.quarter_started_at,
        limited.quarter_ended_at,
        limited.work_item_id,
        limited.work_item,
        coalesce(work_items.title, limited.title) as title,
        work_items.service_id,
        work_items.work_type,
        work_items.points,
        work_items.done_at,
        limited.committed_at,
        limited.removed_at,
        limited.delivered_at,
        coalesce(limited.committed_at <= {{ committed_by }}, false) as is_committed,
        coalesce(
            case
                when limited.work_item_id is null then limited.delivered_at < limited.judged_at
                when states.commitment_id is null then work_items.done_at < limited.judged_at
                else states.state = 'done'
            end,
            false
        ) as is_ended,
        coalesce(limited.removed_at < limited.quarter_ended_at, false) as is_taken_out,
        work_items.exclusion_reason as item_exclusion_reason
    from limited
    left join work_items on limited.work_item_id = work_items.work_item_id
    left join states
        on
            limited.quarter = states.quarter
            and limited.team_id = states.team_id
            and limited.commitment_id = states.commitment_id
            and states.position = 1
    -- Who was on the list and off it again before the quarter began was never in it.
    where limited.removed_at is null or limited.quarter_started_at is null or limited.removed_at > limited.quarter_started_at
),

-- Who gives up what was promised has not delivered it: it is out of the quarter like what is taken out.
settled as (
    select
        judged.*,
        is_ended and coalesce(item_exclusion_reason, '') <> 'not_planned' as is_delivered,
        is_taken_out or (is_ended and coalesce(item_exclusion_reason, '') = 'not_planned') as is_out
    from judged
)

select
    settled.quarter,
    settled.team_id,
    settled.commitment_id,
    coalesce(team_groups.group_id, 'unmapped') as group_id,
    settled.quarter_start_date,
    settled.quarter_end_date,
    settled.work_item_id,
    settled.title,
    coalesce(settled.service_id, 'unmapped') as service_id,
    coalesce(settled.work_type, 'unmapped') as work_type,
    settled.points,
    settled.committed_at,
    settled.removed_at,
    settled.is_committed,
    not settled.is_committed and settled.quarter_start_date is not null as is_added,
    settled.is_delivered,
    settled.is_out and not settled.is_delivered as is_removed,
    not settled.is_out
    and not settled.is_delivered
    and coalesce(settled.quarter_ended_at <= {{ as_of_instant() }}, false) as is_carried_over,
    case
        when settled.quarter_start_date is null then 'unknown_quarter'
        when settled.item_exclusion_reason not in ('negative_span', 'not_planned') then settled.item_exclusion_reason
        when settled.work_item is not null and settled.work_item_id is null and settled.delivered_at is null then 'unknown_work_item'
        when settled.done_at <= settled.quarter_started_at then 'done_before_start'
        when settled.quarter_ended_at > {{ as_of_instant() }} then 'open'
    end as exclusion_reason
from settled
left join {{ ref('int_team_groups') }} as team_groups
    on
        settled.team_id = team_groups.team_id
        and settled.quarter_end_date >= team_groups.valid_from
        and settled.quarter_end_date < team_groups.valid_to
