select
    cast(null as date) as usage_month,
    cast(null as string) as pool_id,
    cast(null as string) as driver,
    cast(null as string) as service_id,
    cast(null as string) as customer_id,
    cast(null as decimal(38, 9)) as amount
where 1 = 0
