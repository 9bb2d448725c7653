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
    union all
    select
        'opsgenie:' || alert_id as incident_id,
        'acknowledge' as entry_type,
        acknowledged_at as created_at,
        is_acknowledged_by_person as is_human
    from {{ ref('stg_opsgenie__alerts') }}
    where acknowledged_at is not null
    union all
    select
        'opsgenie:' || alert_id as incident_id,
        'resolve' as entry_type,
        closed_at as created_at,
        is_closed_by_person as is_human
    from {{ ref('stg_opsgenie__alerts') }}
    where closed_at is not null
    union all
    select
        'opsgenie:' || logs.alert_id as incident_id,
        words.status as entry_type,
        logs.created_at,
        logs.is_person as is_human
    from {{ ref('stg_opsgenie__alert_logs') }} as logs
    inner join {{ ref('status_map') }} as words
        on
            words.system = 'opsgenie'
            and words.concept = 'alert_log'
            and logs.log_word = words.raw_value

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
