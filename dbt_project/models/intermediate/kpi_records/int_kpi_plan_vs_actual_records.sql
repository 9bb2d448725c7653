with

items as (
    select
        sprint_id || ' ' || work_item_id as record_id,
        service_id,
        work_type,
        sprint_date as event_date,
        is_committed,
        is_added,
        is_delivered,
        is_removed,
        is_carried_over,
        exclusion_reason
    from {{ ref('fct_sprint_items') }}
),

-- Without a history nobody knows what was committed: it is in the plan's own row, left out.
planned as (
    select
        record_id,
        service_id,
        work_type,
        event_date,
        is_delivered,
        exclusion_reason
    from items
    where is_committed or exclusion_reason = 'no_history'
),

-- A quarter's commitments are counted beside the sprints' and not among them: the same piece of work may be in both.
commitments as (
    select
        quarter || ' ' || commitment_id as record_id,
        team_id,
        service_id,
        work_type,
        coalesce(quarter_end_date, {{ business_date('committed_at') }}) as event_date,
        is_committed,
        is_added,
        is_delivered,
        is_removed,
        is_carried_over,
        exclusion_reason
    from {{ ref('fct_quarter_commitments') }}
)

select
    {{ kpi_record_columns(
        'plan_vs_actual', 'record_id', 'event_date', 'exclusion_reason',
        numerator='case when is_delivered then 1 else 0 end', denominator='1',
        work_type='work_type'
    ) }}
from planned
{% for kpi_id, flag in {
    'sprint_scope_added': 'is_added', 'sprint_scope_removed': 'is_removed', 'sprint_carried_over': 'is_carried_over',
}.items() %}
    union all
    select
        {{ kpi_record_columns(
            kpi_id, 'record_id', 'event_date', 'exclusion_reason', numerator='1', denominator='1', work_type='work_type'
        ) }}
    from items
    where {{ flag }} and coalesce(exclusion_reason, '') <> 'no_history'
{% endfor %}
union all
select
    {{ kpi_record_columns(
        'quarter_plan_vs_actual', 'record_id', 'event_date', 'exclusion_reason',
        numerator='case when is_delivered then 1 else 0 end', denominator='1', team_id='team_id', work_type='work_type'
    ) }}
from commitments
where is_committed or exclusion_reason = 'unknown_quarter'
{% for kpi_id, flag in {
    'quarter_scope_added': 'is_added', 'quarter_scope_removed': 'is_removed', 'quarter_carried_over': 'is_carried_over',
}.items() %}
    union all
    select
        {{ kpi_record_columns(
            kpi_id, 'record_id', 'event_date', 'exclusion_reason', numerator='1', denominator='1', team_id='team_id',
            work_type='work_type'
        ) }}
    from commitments
    where {{ flag }}
{% endfor %}
