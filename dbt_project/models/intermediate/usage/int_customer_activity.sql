select
    cast(null as string) as customer_id,
    cast(null as date) as activity_month,
    cast(null as boolean) as is_active,
    cast(null as decimal(38, 9)) as transactions
where 1 = 0
