{%- set types = {
    'throughput_stories': 'story', 'throughput_bugs': 'bug', 'throughput_tasks': 'task', 'throughput_epics': 'epic',
} -%}

with

done as (
    select
        work_item_id,
        service_id,
        work_type,
        points,
        work_item_date as event_date,
        case
            when exclusion_reason <> 'negative_span' then exclusion_reason
            when done_at is null then 'no_done_date'
        end as exclusion_reason
    from {{ ref('fct_work_items') }}
    where state = 'done'
)

select
    {{ kpi_record_columns(
        'throughput', 'work_item_id', 'event_date', 'exclusion_reason', numerator='1', denominator='1', work_type='work_type'
    ) }}
from done
{% for kpi_id, work_type in types.items() %}
    union all
    select
        {{ kpi_record_columns(
            kpi_id, 'work_item_id', 'event_date', 'exclusion_reason', numerator='1', denominator='1', work_type='work_type'
        ) }}
    from done
    where work_type = '{{ work_type }}'
{% endfor %}
union all
select
    {{ kpi_record_columns(
        'throughput_points', 'work_item_id', 'event_date', "coalesce(exclusion_reason, case when points is null then 'no_points' end)",
        numerator='points', denominator='1', work_type='work_type'
    ) }}
from done
