with daily as (
    select * from {{ ref('int_cost_daily') }}
),

rules as (
    select
        rule_id,
        priority,
        nullif(charge_type, '') as charge_type,
        nullif(charge_category, '') as charge_category,
        nullif(charge_class, '') as charge_class,
        nullif(commitment_discount_status, '') as commitment_discount_status,
        nullif(is_commitment, '') as is_commitment,
        nullif(service_category, '') as service_category,
        nullif(service_name_pattern, '') as service_name_pattern,
        nullif(is_marketplace, '') as is_marketplace,
        nullif(is_refund, '') as is_refund,
        treatment,
        nullif(pool_id, '') as pool_id
    from {{ ref('cost_rules') }}
),

kinds as (
    select distinct
        charge_type,
        charge_category,
        charge_class,
        is_commitment,
        commitment_discount_status,
        service_category,
        cloud_service,
        is_marketplace,
        is_refund
    from daily
),

matched as (
    select
        kinds.*,
        rules.rule_id,
        rules.treatment,
        rules.pool_id,
        row_number() over (
            partition by
                kinds.charge_type,
                kinds.charge_category,
                kinds.charge_class,
                kinds.is_commitment,
                kinds.commitment_discount_status,
                kinds.service_category,
                kinds.cloud_service,
                kinds.is_marketplace,
                kinds.is_refund
            order by rules.priority, rules.rule_id
        ) as place
    from kinds
    inner join rules
        on
            (rules.charge_type is null or rules.charge_type = lower(kinds.charge_type))
            and (rules.charge_category is null or rules.charge_category = lower(kinds.charge_category))
            and (rules.charge_class is null or rules.charge_class = lower(kinds.charge_class))
            and (rules.is_commitment is null or rules.is_commitment = lower(cast(kinds.is_commitment as {{ dbt.type_string() }})))
            and (
                rules.commitment_discount_status is null
                or rules.commitment_discount_status = lower(kinds.commitment_discount_status)
            )
            and (rules.service_category is null or rules.service_category = lower(kinds.service_category))
            and (rules.service_name_pattern is null or lower(kinds.cloud_service) like rules.service_name_pattern)
            and (rules.is_marketplace is null or rules.is_marketplace = lower(cast(kinds.is_marketplace as {{ dbt.type_string() }})))
            and (rules.is_refund is null or rules.is_refund = lower(cast(kinds.is_refund as {{ dbt.type_string() }})))
)

select
    charge_type,
    charge_category,
    charge_class,
    is_commitment,
    commitment_discount_status,
    service_category,
    cloud_service,
    is_marketplace,
    is_refund,
    rule_id,
    treatment,
    pool_id as rule_pool_id
from matched
where place = 1
