select
    cast(null as string) as kpi_id,
    cast(null as string) as record_id,
    cast(null as date) as event_date,
    cast(null as string) as service_id,
    cast(null as string) as team_id,
    cast(null as string) as severity,
    cast(null as string) as provider,
    cast(null as string) as customer_id,
    cast(null as decimal(38, 9)) as numerator,
    cast(null as decimal(38, 9)) as denominator,
    cast(null as double) as measured,
    cast(null as string) as exclusion_reason
where 1 = 0
