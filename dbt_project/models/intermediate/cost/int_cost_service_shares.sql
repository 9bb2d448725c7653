{#- A pool is shared out over customers as a whole, so that cents are rounded once. Who wants its cost by service as well needs the table of
    customers × services whose margins are those two divisions. Cell (c, s) = F(c, s) - F(c-1, s) - F(c, s-1) + F(c-1, s-1), where
    F(c, s) = ⌊(cost of customers up to c) × (cost of services up to s) ÷ cost of the pool⌋ in whole billionths: rows and columns then add up exactly. -#}
with assignments as (
    select * from {{ ref('int_cost_assignments') }}
),

allocations as (
    select * from {{ ref('int_cost_allocations') }}
),

slices as (
    select
        period_month,
        pool_id,
        provider,
        service_id,
        team_id,
        placed_date,
        sum(reporting_amount) as cost
    from assignments
    where cost_view = 'as_incurred' and assignment = 'pool' and is_converted
    group by
        period_month,
        pool_id,
        provider,
        service_id,
        team_id,
        placed_date
),

customers as (
    select
        period_month,
        pool_id,
        customer_id,
        sum(reporting_amount) as cost
    from allocations
    where cost_view = 'as_incurred' and allocation = 'shared' and is_converted
    group by
        period_month,
        pool_id,
        customer_id
),

slices_summed as (
    select
        slices.*,
        sum(cost) over (
            partition by period_month, pool_id
            order by provider, service_id, coalesce(team_id, ''), placed_date
            rows between unbounded preceding and current row
        ) as cost_to
    from slices
),

customers_summed as (
    select
        customers.*,
        sum(cost) over (
            partition by period_month, pool_id
            order by customer_id
            rows between unbounded preceding and current row
        ) as cost_to
    from customers
),

{% set billionths = "cast(cast(round(cost_to, 9) as decimal(27, 9)) * cast(1000000000 as decimal(10, 0)) as decimal(19, 0))" -%}
slice_spans as (
    select
        period_month,
        pool_id,
        provider,
        service_id,
        team_id,
        placed_date,
        {{ billionths }} as slice_to,
        coalesce(
            lag({{ billionths }}) over (
                partition by period_month, pool_id
                order by provider, service_id, coalesce(team_id, ''), placed_date
            ),
            cast(0 as decimal(19, 0))
        ) as slice_from
    from slices_summed
),

customer_spans as (
    select
        period_month,
        pool_id,
        customer_id,
        {{ billionths }} as customer_to,
        coalesce(
            lag({{ billionths }}) over (partition by period_month, pool_id order by customer_id),
            cast(0 as decimal(19, 0))
        ) as customer_from
    from customers_summed
),

pool_totals as (
    select
        period_month,
        pool_id,
        cast(cast(round(sum(cost), 9) as decimal(27, 9)) * cast(1000000000 as decimal(10, 0)) as decimal(19, 0)) as pool_total
    from customers
    group by
        period_month,
        pool_id
),

cells as (
    select
        slice_spans.period_month,
        slice_spans.pool_id,
        slice_spans.provider,
        slice_spans.service_id,
        slice_spans.team_id,
        slice_spans.placed_date,
        customer_spans.customer_id,
        {{ whole_quotient('customer_spans.customer_to * slice_spans.slice_to', 'pool_totals.pool_total') }}
        - {{ whole_quotient('customer_spans.customer_from * slice_spans.slice_to', 'pool_totals.pool_total') }}
        - {{ whole_quotient('customer_spans.customer_to * slice_spans.slice_from', 'pool_totals.pool_total') }}
        + {{ whole_quotient('customer_spans.customer_from * slice_spans.slice_from', 'pool_totals.pool_total') }} as cost_billionths
    from pool_totals
    inner join slice_spans
        on
            slice_spans.period_month = pool_totals.period_month
            and slice_spans.pool_id = pool_totals.pool_id
    inner join customer_spans
        on
            customer_spans.period_month = pool_totals.period_month
            and customer_spans.pool_id = pool_totals.pool_id
    where pool_totals.pool_total <> 0
    union all
    -- Services whose costs cancel out: no customer bears any of it, and each service keeps its own.
    select
        slice_spans.period_month,
        slice_spans.pool_id,
        slice_spans.provider,
        slice_spans.service_id,
        slice_spans.team_id,
        slice_spans.placed_date,
        cast(null as {{ dbt.type_string() }}) as customer_id,
        cast(slice_spans.slice_to - slice_spans.slice_from as bigint) as cost_billionths
    from pool_totals
    inner join slice_spans
        on
            slice_spans.period_month = pool_totals.period_month
            and slice_spans.pool_id = pool_totals.pool_id
    where pool_totals.pool_total = 0
)

select
    period_month,
    pool_id,
    provider,
    service_id,
    team_id,
    placed_date,
    customer_id,
    cast(cast(cost_billionths as decimal(19, 0)) * cast(0.000000001 as decimal(9, 9)) as decimal(38, 9)) as reporting_amount
from cells
where cost_billionths <> 0
