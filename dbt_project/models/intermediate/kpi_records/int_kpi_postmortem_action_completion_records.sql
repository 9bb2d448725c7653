with

actions as (
    select
        action_id,
        service_id,
        due_date,
        due_date_now,
        completed_date,
        -- Without a due date it belongs to the period in which it was agreed on.
        coalesce(due_date, created_date, completed_date, date '{{ var("as_of_date") }}') as event_date,
        case
            when exclusion_reason is not null then exclusion_reason
            when due_date is null then 'no_due_date'
        end as exclusion_reason
    from {{ ref('int_postmortem_actions') }}
),

closing_days as (
    select distinct least(month_end_date, date '{{ var("as_of_date") }}') as event_date
    from {{ ref('dim_date') }}
),

overdue as (
    select
        actions.action_id,
        actions.service_id,
        closing_days.event_date
    from actions
    inner join closing_days
        on
            actions.due_date < closing_days.event_date
            and coalesce(actions.completed_date, date '9999-12-31') > closing_days.event_date
    where actions.exclusion_reason is null
)

select
    {{ kpi_record_columns(
        'postmortem_action_completion', 'action_id', 'event_date', 'exclusion_reason',
        numerator='case when completed_date <= due_date then 1 else 0 end', denominator='1'
    ) }}
from actions
union all
select
    -- A due date that was taken away was moved as far as it can be.
    {{ kpi_record_columns(
        'postmortem_actions_redated', 'action_id', 'event_date', 'exclusion_reason',
        numerator='case when due_date_now <= due_date then 0 else 1 end', denominator='1'
    ) }}
from actions
union all
select
    {{ kpi_record_columns(
        'postmortem_actions_overdue', 'action_id', 'event_date', 'cast(null as string)', numerator='1', denominator='1'
    ) }}
from overdue
