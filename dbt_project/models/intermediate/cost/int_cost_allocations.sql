with assignments as (
    select * from {{ ref('int_cost_assignments') }}
),

pool_shares as (
    select * from {{ ref('int_cost_pool_shares') }}
),

pool_costs as (
    select
        cost_view,
        period_start,
        period_month,
        invoice_issuer,
        billing_account_id,
        currency,
        is_converted,
        pool_id,
        sum(amount) as amount,
        sum(reporting_amount) as reporting_amount
    from assignments
    where assignment = 'pool'
    group by
        cost_view,
        period_start,
        period_month,
        invoice_issuer,
        billing_account_id,
        currency,
        is_converted,
        pool_id
),

-- The billed and the reporting currency are shared out apart, each exactly, in cents.
moneys as (
    select pool_costs.*, 'billed' as money, cast(amount as decimal(36, 18)) as cost from pool_costs
    union all
    select pool_costs.*, 'reporting' as money, cast(reporting_amount as decimal(36, 18)) as cost from pool_costs where is_converted
),

in_cents as (
    select
        moneys.*,
        case when cost < 0 then -1 else 1 end as sign,
        cast(floor(abs(cast(cost as decimal(28, 18))) * cast(100 as decimal(3, 0))) as bigint) as cents
    from moneys
),

quotas as (
    select
        in_cents.*,
        pool_shares.customer_id,
        pool_shares.method,
        pool_shares.driver,
        pool_shares.weight,
        pool_shares.total_weight,
        {{ whole_quotient('cast(in_cents.cents as decimal(15, 0)) * pool_shares.weight', 'pool_shares.total_weight') }} as whole_cents
    from in_cents
    inner join pool_shares
        on
            pool_shares.period_month = in_cents.period_month
            and pool_shares.pool_id = in_cents.pool_id
    where pool_shares.customer_id is not null
),

ranked as (
    select
        quotas.*,
        sum(whole_cents) over (
            partition by cost_view, period_start, invoice_issuer, billing_account_id, currency, is_converted, pool_id, money
        ) as whole_cents_given,
        row_number() over (
            partition by cost_view, period_start, invoice_issuer, billing_account_id, currency, is_converted, pool_id, money
            order by
                cast(cents as decimal(15, 0)) * weight - cast(whole_cents as decimal(15, 0)) * total_weight desc,
                customer_id
        ) as remainder_rank
    from quotas
),

-- What no cent can hold (the fraction of a cent) goes to the largest remainder, so that nothing is lost.
given as (
    select
        ranked.*,
        cast(
            cast(
                cast(sign * (whole_cents + case when remainder_rank <= cents - whole_cents_given then 1 else 0 end) as decimal(17, 0))
                * cast(0.01 as decimal(3, 2)) as decimal(35, 18)
            )
            + case
                when remainder_rank = 1
                    then cast(
                        cost - cast(cast(sign * cents as decimal(17, 0)) * cast(0.01 as decimal(3, 2)) as decimal(36, 18)) as decimal(35, 18)
                    )
                else cast(0 as decimal(35, 18))
            end as decimal(38, 18)
        ) as share
    from ranked
),

shared as (
    select
        cost_view,
        period_start,
        period_month,
        invoice_issuer,
        billing_account_id,
        currency,
        is_converted,
        pool_id,
        customer_id,
        method,
        driver,
        sum(case when money = 'billed' then share end) as amount,
        sum(case when money = 'reporting' then share end) as reporting_amount
    from given
    group by
        cost_view,
        period_start,
        period_month,
        invoice_issuer,
        billing_account_id,
        currency,
        is_converted,
        pool_id,
        customer_id,
        method,
        driver
),

direct as (
    select
        cost_view,
        period_start,
        period_month,
        invoice_issuer,
        billing_account_id,
        currency,
        is_converted,
        customer_id,
        sum(amount) as amount,
        sum(reporting_amount) as reporting_amount
    from assignments
    where assignment = 'direct'
    group by
        cost_view,
        period_start,
        period_month,
        invoice_issuer,
        billing_account_id,
        currency,
        is_converted,
        customer_id
),

unassigned as (
    select
        cost_view,
        period_start,
        period_month,
        invoice_issuer,
        billing_account_id,
        currency,
        is_converted,
        rule_id,
        unallocated_reason,
        sum(amount) as amount,
        sum(reporting_amount) as reporting_amount
    from assignments
    where assignment = 'unallocated'
    group by
        cost_view,
        period_start,
        period_month,
        invoice_issuer,
        billing_account_id,
        currency,
        is_converted,
        rule_id,
        unallocated_reason
),

unshared as (
    select
        pool_costs.*,
        pool_shares.driver,
        pool_shares.unallocated_reason
    from pool_costs
    inner join pool_shares
        on
            pool_shares.period_month = pool_costs.period_month
            and pool_shares.pool_id = pool_costs.pool_id
    where pool_shares.customer_id is null
)

{% set no_text = "cast(null as " ~ dbt.type_string() ~ ")" -%}
select
    cost_view,
    period_start,
    period_month,
    invoice_issuer,
    billing_account_id,
    currency,
    is_converted,
    'direct' as allocation,
    customer_id,
    {{ no_text }} as pool_id,
    'direct' as method,
    {{ no_text }} as driver,
    {{ no_text }} as rule_id,
    {{ no_text }} as unallocated_reason,
    amount,
    reporting_amount
from direct
union all
select
    cost_view,
    period_start,
    period_month,
    invoice_issuer,
    billing_account_id,
    currency,
    is_converted,
    'shared' as allocation,
    customer_id,
    pool_id,
    method,
    driver,
    {{ no_text }} as rule_id,
    {{ no_text }} as unallocated_reason,
    amount,
    reporting_amount
from shared
union all
select
    cost_view,
    period_start,
    period_month,
    invoice_issuer,
    billing_account_id,
    currency,
    is_converted,
    'unallocated' as allocation,
    {{ no_text }} as customer_id,
    pool_id,
    'none' as method,
    driver,
    {{ no_text }} as rule_id,
    unallocated_reason,
    amount,
    reporting_amount
from unshared
union all
select
    cost_view,
    period_start,
    period_month,
    invoice_issuer,
    billing_account_id,
    currency,
    is_converted,
    'unallocated' as allocation,
    {{ no_text }} as customer_id,
    {{ no_text }} as pool_id,
    'none' as method,
    {{ no_text }} as driver,
    rule_id,
    unallocated_reason,
    amount,
    reporting_amount
from unassigned
