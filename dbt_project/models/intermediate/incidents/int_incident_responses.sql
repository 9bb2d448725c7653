with told as (

    select
        'pagerduty:' || incident_id as incident_id,
        case entry_type
            when 'acknowledge_log_entry' then 'acknowledge'
            when 'annotate_log_entry' then 'annotate'
            else 'resolve'
        end as entry_type,
        created_at,
        coalesce(agent_type, '') like 'user%' as is_human
    from {{ ref('stg_pagerduty__log_entries') }}
    where entry_type in ('acknowledge_log_entry', 'annotate_log_entry', 'resolve_log_entry')

),

acknowledged as (

    select
        incident_id,
        min(created_at) as acknowledged_at
    from told
    where entry_type = 'acknowledge' and is_human
    group by incident_id

)

select
    told.incident_id,
    max(acknowledged.acknowledged_at) as acknowledged_at,
    min(
        case
            when
                told.is_human
                and told.entry_type <> 'acknowledge'
                and told.created_at >= acknowledged.acknowledged_at
                then told.created_at
        end
    ) as acted_at,
    max(case when told.entry_type = 'resolve' then 1 else 0 end) = 1
    and max(case when told.entry_type = 'resolve' and told.is_human then 1 else 0 end) = 0
        as is_auto_resolved
from told
left join acknowledged on told.incident_id = acknowledged.incident_id
group by told.incident_id
