with allocations as (
    select * from {{ ref('int_cost_allocations') }}
),

activity as (
    select * from {{ ref('int_customer_activity') }}
),

customers as (
    select * from {{ ref('dim_customer') }}
),

-- What no rate converts stays in its own currency, on rows of its own.
costs as (
    select
        period_month,
        case when allocation = 'unallocated' then 'unallocated' else customer_id end as customer_id,
        allocation <> 'unallocated' as is_customer,
        case when is_converted then '{{ var("reporting_currency") }}' else currency end as currency,
        cost_view,
        allocation,
        method,
        unallocated_reason,
        case when is_converted then reporting_amount else amount end as cost
    from allocations
),

costs_summed as (
    select
        period_month,
        customer_id,
        is_customer,
        currency,
        {%- for view, prefix in [('as_incurred', ''), ('as_invoiced', 'invoiced_')] %}
        sum(case when cost_view = '{{ view }}' and allocation = 'direct' then cost else cast(0 as decimal(38, 18)) end) as {{ prefix }}direct_cost,
        sum(case when cost_view = '{{ view }}' and allocation = 'shared' then cost else cast(0 as decimal(38, 18)) end) as {{ prefix }}shared_cost,
        sum(case when cost_view = '{{ view }}' and allocation <> 'unallocated' then cost else cast(0 as decimal(38, 18)) end) as {{ prefix }}allocated_cost,
        sum(case when cost_view = '{{ view }}' and allocation = 'unallocated' then cost else cast(0 as decimal(38, 18)) end) as {{ prefix }}unallocated_cost,
        {%- endfor %}
        sum(case when cost_view = 'as_incurred' and method = 'even_split' then cost else cast(0 as decimal(38, 18)) end) as even_split_cost,
        sum(
            case when cost_view = 'as_incurred' and unallocated_reason = 'excluded_by_rule' then cost else cast(0 as decimal(38, 18)) end
        ) as excluded_cost
    from costs
    group by
        period_month,
        customer_id,
        is_customer,
        currency
),

spine as (
    select period_month, customer_id, is_customer, currency from costs_summed
    union
    select
        activity_month as period_month,
        customer_id,
        true as is_customer,
        '{{ var("reporting_currency") }}' as currency
    from activity
),

active as (
    select
        activity_month,
        count(*) as active_customers
    from activity
    where is_active
    group by activity_month
),

joined as (
    select
        spine.period_month,
        spine.customer_id,
        spine.is_customer,
        spine.currency,
        spine.currency = '{{ var("reporting_currency") }}' as is_reporting_currency,
        {%- for column in [
            'direct_cost', 'shared_cost', 'allocated_cost', 'unallocated_cost',
            'invoiced_direct_cost', 'invoiced_shared_cost', 'invoiced_allocated_cost', 'invoiced_unallocated_cost',
            'even_split_cost', 'excluded_cost',
        ] %}
        coalesce(costs_summed.{{ column }}, cast(0 as decimal(38, 18))) as {{ column }},
        {%- endfor %}
        costs_summed.customer_id is not null as has_cost,
        coalesce(activity.is_active, false) as is_active,
        activity.transactions
    from spine
    left join costs_summed
        on
            costs_summed.period_month = spine.period_month
            and costs_summed.customer_id = spine.customer_id
            and costs_summed.is_customer = spine.is_customer
            and costs_summed.currency = spine.currency
    left join activity
        on
            spine.is_customer
            and activity.activity_month = spine.period_month
            and activity.customer_id = spine.customer_id
)

select
    joined.period_month,
    joined.customer_id,
    joined.currency,
    joined.is_customer,
    joined.is_reporting_currency,
    case when joined.is_customer then coalesce(customers.customer_name, joined.customer_id) else 'Unallocated' end as customer_name,
    customers.segment,
    joined.direct_cost,
    joined.shared_cost,
    joined.allocated_cost,
    joined.unallocated_cost,
    joined.excluded_cost,
    joined.even_split_cost,
    case
        when joined.even_split_cost <> 0 and joined.even_split_cost <> joined.shared_cost then 'driver_and_even_split'
        when joined.even_split_cost <> 0 then 'even_split'
        when joined.shared_cost <> 0 then 'driver'
    end as shared_method,
    joined.invoiced_direct_cost,
    joined.invoiced_shared_cost,
    joined.invoiced_allocated_cost,
    joined.invoiced_unallocated_cost,
    case when joined.is_customer then joined.is_active end as is_active,
    joined.transactions,
    case
        when joined.is_reporting_currency
            then cast(joined.allocated_cost as double) / nullif(cast(joined.transactions as double), 0)
    end as cost_per_transaction,
    coalesce(active.active_customers, 0) as active_customers,
    case
        when not joined.is_customer then 'unallocated'
        when joined.has_cost and (joined.is_active or joined.transactions > 0) then 'cost_and_usage'
        when joined.has_cost then 'cost_without_usage'
        when joined.is_active or joined.transactions > 0 then 'usage_without_cost'
        else 'neither'
    end as presence
from joined
left join customers on joined.is_customer and customers.customer_id = joined.customer_id
left join active on active.activity_month = joined.period_month
