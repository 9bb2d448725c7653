with

entries as (

    select
        incident_id,
        entry_type,
        created_at,
        coalesce(agent_type, '') like 'user%' as is_human
    from {{ ref('stg_pagerduty__log_entries') }}
    where entry_type in ('acknowledge_log_entry', 'annotate_log_entry', 'resolve_log_entry')

),

acknowledged as (

    select
        incident_id,
        min(created_at) as acknowledged_at
    from entries
    where entry_type = 'acknowledge_log_entry' and is_human
    group by incident_id

)

select
    'pagerduty:' || entries.incident_id as incident_id,
    max(acknowledged.acknowledged_at) as acknowledged_at,
    min(
        case
            when
                entries.is_human
                and entries.entry_type <> 'acknowledge_log_entry'
                and entries.created_at >= acknowledged.acknowledged_at
                then entries.created_at
        end
    ) as acted_at,
    max(case when entries.entry_type = 'resolve_log_entry' then 1 else 0 end) = 1
    and max(case when entries.entry_type = 'resolve_log_entry' and entries.is_human then 1 else 0 end) = 0
        as is_auto_resolved
from entries
left join acknowledged on entries.incident_id = acknowledged.incident_id
group by entries.incident_id
