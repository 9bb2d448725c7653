{%- set steps = [] -%}

{%- set days -%}
    {{ period_days() }}
{%- endset -%}
{%- do steps.append(['days', days]) -%}

{#- Linked of merged, by the period of the merge: what was merged and has not been found in production stays in sight. -#}
{%- set merged_rows -%}
    select
        change_id,
        cast(null as string) as team_id,
        service_id,
        {{ business_date('merged_at') }} as event_date,
        case when deployment_id is null then 0 else 1 end as is_linked
    from {{ ref('fct_changes') }}
    where
        merged_at is not null
        and coalesce(exclusion_reason, '') not in ('bot', 'pure_merge')
{%- endset -%}
{%- do steps.append(['merged_rows', merged_rows]) -%}

{%- set row_counts -%}
    select
        change_id,
        count(*) as service_count
    from merged_rows
    group by change_id
{%- endset -%}
{%- do steps.append(['row_counts', row_counts]) -%}

{%- set placed_rows -%}
    {{ place_records('merged_rows', ['change_id', 'is_linked']) }}
{%- endset -%}
{%- do steps.append(['placed_rows', placed_rows]) -%}

{#- Most changes belong to one service and can be summed by day; the others count once per segment and period. -#}
{%- set lone_changes -%}
    select
        placed_rows.event_date,
        placed_rows.group_id,
        placed_rows.team_id,
        placed_rows.service_id,
        placed_rows.tier,
        count(*) as merged,
        sum(placed_rows.is_linked) as linked
    from placed_rows
    inner join row_counts
        on
            placed_rows.change_id = row_counts.change_id
            and row_counts.service_count = 1
    group by
        placed_rows.event_date,
        placed_rows.group_id,
        placed_rows.team_id,
        placed_rows.service_id,
        placed_rows.tier
{%- endset -%}
{%- do steps.append(['lone_changes', lone_changes]) -%}

{%- set shared_changes -%}
    select
        placed_rows.change_id,
        placed_rows.event_date,
        placed_rows.group_id,
        placed_rows.team_id,
        placed_rows.service_id,
        placed_rows.tier,
        placed_rows.is_linked
    from placed_rows
    inner join row_counts
        on
            placed_rows.change_id = row_counts.change_id
            and row_counts.service_count > 1
{%- endset -%}
{%- do steps.append(['shared_changes', shared_changes]) -%}

{%- set lone_segments -%}
    {{ dora_segments('lone_changes', ['event_date', 'merged', 'linked']) }}
{%- endset -%}
{%- do steps.append(['lone_segments', lone_segments]) -%}

{%- set shared_segments -%}
    {{ dora_segments('shared_changes', ['change_id', 'event_date', 'is_linked']) }}
{%- endset -%}
{%- do steps.append(['shared_segments', shared_segments]) -%}

{%- set change_days -%}
    select
        event_date,
        segment_type,
        segment_id,
        merged,
        linked
    from lone_segments
    union all
    select
        event_date,
        segment_type,
        segment_id,
        count(*) as merged,
        sum(is_linked) as linked
    from (
        select
            change_id,
            event_date,
            segment_type,
            segment_id,
            max(is_linked) as is_linked
        from shared_segments
        group by change_id, event_date, segment_type, segment_id
    ) as once
    group by event_date, segment_type, segment_id
{%- endset -%}
{%- do steps.append(['change_days', change_days]) -%}

{%- set final -%}
select
    days.period_grain,
    days.period_start,
    change_days.segment_type,
    change_days.segment_id,
    cast(sum(change_days.merged) as bigint) as merged_changes,
    cast(sum(change_days.linked) as bigint) as linked_changes
from change_days
inner join days
    on change_days.event_date = days.date_day
group by days.period_grain, days.period_start, change_days.segment_type, change_days.segment_id
{%- endset -%}

{{ config(post_hook="{{ drop_staged_steps(" ~ (steps | map(attribute=0) | list) ~ ") }}") }}

{{ staged_select(steps, final) }}
