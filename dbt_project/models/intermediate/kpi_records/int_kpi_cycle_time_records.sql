with

work_items as (
    select
        work_item_id,
        service_id,
        work_type,
        state,
        started_at,
        work_item_date,
        cycle_seconds,
        exclusion_reason
    from {{ ref('fct_work_items') }}
),

done as (
    select
        work_item_id,
        service_id,
        work_type,
        work_item_date as event_date,
        cycle_seconds,
        case
            when exclusion_reason is not null then exclusion_reason
            when work_type = 'epic' then 'covered_by_parts'
            when cycle_seconds is null then 'no_start'
        end as exclusion_reason
    from work_items
    where state = 'done'
),

merged as (
    select
        change_id,
        service_id,
        {{ business_date('merged_at') }} as event_date,
        open_to_merge_seconds,
        case
            when is_bot then 'bot'
            when open_to_merge_seconds is null then 'no_start'
            when open_to_merge_seconds < 0 then 'negative_span'
        end as exclusion_reason
    from {{ ref('fct_changes') }}
    where merged_at is not null and change_kind = 'pull_request'
),

-- The stock on the last day of each month, and on the last day that counts in the running one.
closing_days as (
    select distinct least(month_end_date, date '{{ var("as_of_date") }}') as event_date
    from {{ ref('dim_date') }}
),

told_stretches as (
    {{ status_stretches() }}
),

stretches as (
    select
        work_item_id,
        {{ business_date('began_at') }} as began_on,
        {{ business_date('ended_at') }} as ended_on
    from told_stretches
    where to_state = 'in_progress'
    union all
    -- An export without a history says at least when work that is still going on began.
    select
        work_items.work_item_id,
        {{ business_date('work_items.started_at') }} as began_on,
        cast(null as date) as ended_on
    from work_items
    left join told_stretches on work_items.work_item_id = told_stretches.work_item_id
    where
        told_stretches.work_item_id is null
        and work_items.state = 'in_progress'
        and work_items.started_at is not null
),

in_progress as (
    select
        work_items.work_item_id,
        work_items.service_id,
        work_items.work_type,
        closing_days.event_date,
        {{ dbt.datediff(business_date('work_items.started_at'), 'closing_days.event_date', 'day') }} as age_days,
        case
            -- What turned out to be a duplicate or was given up later was in progress until then; these never were work.
            when work_items.exclusion_reason in ('deleted', 'no_work', 'pull_request') then work_items.exclusion_reason
            when work_items.work_type = 'epic' then 'covered_by_parts'
        end as exclusion_reason
    from stretches
    inner join work_items on stretches.work_item_id = work_items.work_item_id
    inner join closing_days
        on
            stretches.began_on <= closing_days.event_date
            and coalesce(stretches.ended_on, date '9999-12-31') > closing_days.event_date
)

select
    {{ kpi_record_columns(
        'cycle_time', 'work_item_id', 'event_date', 'exclusion_reason', measured='cast(cycle_seconds as double) / 3600',
        work_type='work_type'
    ) }}
from done
union all
select
    {{ kpi_record_columns(
        'cycle_time_p85', 'work_item_id', 'event_date', 'exclusion_reason', measured='cast(cycle_seconds as double) / 3600',
        work_type='work_type'
    ) }}
from done
union all
{% for kpi_id in ['cycle_time_changes', 'cycle_time_changes_p85'] -%}
select
    {{ kpi_record_columns(
        kpi_id, 'change_id', 'event_date', 'exclusion_reason',
        measured='cast(open_to_merge_seconds as double) / 3600', work_type='null'
    ) }}
from merged
union all
{% endfor -%}
select
    {{ kpi_record_columns(
        'work_in_progress', 'work_item_id', 'event_date', 'exclusion_reason', numerator='1', denominator='1',
        work_type='work_type'
    ) }}
from in_progress
union all
select
    {{ kpi_record_columns(
        'work_in_progress_age', 'work_item_id', 'event_date', 'exclusion_reason', measured='cast(age_days as double)',
        work_type='work_type'
    ) }}
from in_progress
