with charges as (
    select * from {{ ref('int_cost_charges') }}
),

tag_keys as (
    select * from {{ ref('cost_tag_keys') }}
),

accounts as (
    select * from {{ ref('cost_account_map') }}
),

resources as (
    select * from {{ ref('cost_resource_map') }}
),

file_parts as (
    select
        invoice_issuer,
        billing_account_id,
        billing_period_start,
        file_id,
        count(*) as charge_rows,
        count(tags) as tagged_rows,
        sum(billed_cost) as billed_cost,
        sum(effective_cost) as effective_cost
    from charges
    group by
        invoice_issuer,
        billing_account_id,
        billing_period_start,
        file_id
),

partitions as (
    select
        invoice_issuer,
        billing_account_id,
        billing_period_start,
        sum(charge_rows) as charge_rows,
        {{ sorted_list_text(
            "file_id || ' ' || cast(charge_rows as " ~ dbt.type_string() ~ ") || ' ' || cast(tagged_rows as " ~ dbt.type_string()
            ~ ") || ' ' || cast(billed_cost as " ~ dbt.type_string() ~ ") || ' ' || cast(effective_cost as " ~ dbt.type_string() ~ ")"
        ) }} as contents
    from file_parts
    group by
        invoice_issuer,
        billing_account_id,
        billing_period_start
),

-- What decides the roll-up besides the charges. A change of any of it touches every partition.
readings as (
    select {{ sorted_list_text("tag_key || ' ' || meaning || ' ' || cast(priority as " ~ dbt.type_string() ~ ")") }} as reading from tag_keys
    union all
    select {{ sorted_list_text(hash_text(['account_id', 'customer_id', 'service_id', 'team_id', 'pool_id'])) }} as reading from accounts
    union all
    select {{ sorted_list_text(hash_text(['resource_id', 'customer_id', 'service_id', 'team_id', 'pool_id'])) }} as reading from resources
    union all
    -- Raise the number when int_cost_rows or int_cost_daily reads charges differently: stored roll-ups are then made anew.
    select 'reading 2, days in {{ var("business_timezone") }}' as reading
),

reading as (
    select {{ sorted_list_text("coalesce(reading, '')") }} as reading
    from readings
)

select
    partitions.invoice_issuer,
    partitions.billing_account_id,
    partitions.billing_period_start,
    cast(partitions.charge_rows as bigint) as charge_rows,
    md5(partitions.contents || ' ' || reading.reading) as fingerprint
from partitions
cross join reading
