select
    cast(null as string) as page_id,
    cast(null as string) as source_system,
    cast(null as string) as incident_id,
    cast(null as string) as user_id,
    cast(null as string) as service_id,
    cast(null as timestamp) as paged_at,
    cast(null as string) as urgency,
    cast(null as bigint) as notification_count,
    cast(null as boolean) as is_email_only
where 1 = 0
