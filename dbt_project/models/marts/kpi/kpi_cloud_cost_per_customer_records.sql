with assignments as (
    select * from {{ ref('int_cost_assignments') }} where cost_view = 'as_incurred'
),

pool_shares as (
    select * from {{ ref('int_cost_pool_shares') }} where customer_id is null
),

service_shares as (
    select * from {{ ref('int_cost_service_shares') }}
),

activity as (
    select * from {{ ref('int_customer_activity') }}
),

judged as (
    select
        assignments.*,
        case
            when not assignments.is_converted then 'no_exchange_rate'
            when assignments.assignment = 'pool' then pool_shares.unallocated_reason
            else assignments.unallocated_reason
        end as exclusion_reason
    from assignments
    left join pool_shares
        on
            assignments.assignment = 'pool'
            and pool_shares.period_month = assignments.period_month
            and pool_shares.pool_id = assignments.pool_id
),

-- Where cost was incurred: each such place needs the denominators beside it.
places as (
    select distinct
        period_month,
        placed_date,
        service_id,
        team_id,
        provider
    from judged
    union
    select distinct
        activity_month as period_month,
        activity_month as placed_date,
        'unmapped' as service_id,
        cast(null as {{ dbt.type_string() }}) as team_id,
        cast(null as {{ dbt.type_string() }}) as provider
    from activity
),

borne as (
    select
        period_month,
        placed_date,
        service_id,
        team_id,
        provider,
        customer_id,
        cast(reporting_amount as decimal(38, 9)) as cost
    from judged
    where assignment = 'direct' and exclusion_reason is null
    union all
    select
        period_month,
        placed_date,
        service_id,
        team_id,
        provider,
        customer_id,
        reporting_amount as cost
    from service_shares
),

borne_summed as (
    select
        period_month,
        placed_date,
        service_id,
        team_id,
        provider,
        customer_id,
        sum(cost) as cost
    from borne
    group by
        period_month,
        placed_date,
        service_id,
        team_id,
        provider,
        customer_id
),

left_out as (
    select distinct
        period_month,
        placed_date,
        service_id,
        team_id,
        provider,
        exclusion_reason
    from judged
    where exclusion_reason is not null
),

-- One record for all active customers of the month, repeated in each place and counted once wherever places are added up. On a
-- customer's own row it carries the customer alone, which the sum over all always exceeds.
denominators as (
    select
        'cloud_cost_per_customer' as kpi_id,
        'active customers' as unit_name,
        activity_month,
        customer_id,
        cast(1 as decimal(38, 9)) as units
    from activity
    where is_active
    union all
    select
        'cloud_cost_per_transaction' as kpi_id,
        'transactions' as unit_name,
        activity_month,
        customer_id,
        transactions as units
    from activity
    where transactions > 0
),

denominators_summed as (
    select
        kpi_id,
        unit_name,
        activity_month,
        sum(units) as units
    from denominators
    group by
        kpi_id,
        unit_name,
        activity_month
),

unit_costs as (
    select 'cloud_cost_per_customer' as kpi_id
    union all
    select 'cloud_cost_per_transaction' as kpi_id
),

share_parts as (
    select
        period_month,
        placed_date,
        service_id,
        team_id,
        provider,
        case
            when exclusion_reason in ('no_exchange_rate', 'excluded_by_rule') then exclusion_reason
            when exclusion_reason is null then 'allocated'
            else 'unallocated'
        end as part,
        cast(abs(sum(reporting_amount)) as decimal(38, 9)) as cost
    from judged
    group by
        period_month,
        placed_date,
        service_id,
        team_id,
        provider,
        case
            when exclusion_reason in ('no_exchange_rate', 'excluded_by_rule') then exclusion_reason
            when exclusion_reason is null then 'allocated'
            else 'unallocated'
        end
)

{% set no_text = "cast(null as " ~ dbt.type_string() ~ ")" -%}
{% set no_amount = "cast(0 as decimal(38, 9))" -%}
select
    unit_costs.kpi_id,
    'cost ' || {{ hash_text(['placed_date', 'service_id', 'team_id', 'provider', 'customer_id']) }} as record_id,
    borne_summed.placed_date as event_date,
    borne_summed.service_id,
    borne_summed.team_id,
    {{ no_text }} as severity,
    borne_summed.provider,
    borne_summed.customer_id,
    cast(borne_summed.cost as decimal(38, 9)) as numerator,
    {{ no_amount }} as denominator,
    cast(null as double) as measured,
    {{ no_text }} as exclusion_reason
from borne_summed
cross join unit_costs
union all
select
    unit_costs.kpi_id,
    'left out ' || {{ hash_text(['placed_date', 'service_id', 'team_id', 'provider', 'exclusion_reason']) }} as record_id,
    left_out.placed_date as event_date,
    left_out.service_id,
    left_out.team_id,
    {{ no_text }} as severity,
    left_out.provider,
    {{ no_text }} as customer_id,
    {{ no_amount }} as numerator,
    {{ no_amount }} as denominator,
    cast(null as double) as measured,
    left_out.exclusion_reason
from left_out
cross join unit_costs
union all
select
    denominators_summed.kpi_id,
    denominators_summed.unit_name || ' ' || cast(denominators_summed.activity_month as {{ dbt.type_string() }}) as record_id,
    places.placed_date as event_date,
    places.service_id,
    places.team_id,
    {{ no_text }} as severity,
    places.provider,
    {{ no_text }} as customer_id,
    {{ no_amount }} as numerator,
    denominators_summed.units as denominator,
    cast(null as double) as measured,
    {{ no_text }} as exclusion_reason
from denominators_summed
inner join places on places.period_month = denominators_summed.activity_month
union all
select
    denominators.kpi_id,
    denominators.unit_name || ' ' || cast(denominators.activity_month as {{ dbt.type_string() }}) as record_id,
    denominators.activity_month as event_date,
    'unmapped' as service_id,
    {{ no_text }} as team_id,
    {{ no_text }} as severity,
    {{ no_text }} as provider,
    denominators.customer_id,
    {{ no_amount }} as numerator,
    denominators.units as denominator,
    cast(null as double) as measured,
    {{ no_text }} as exclusion_reason
from denominators
union all
select
    'cloud_cost_allocated_share' as kpi_id,
    part || ' ' || {{ hash_text(['placed_date', 'service_id', 'team_id', 'provider']) }} as record_id,
    placed_date as event_date,
    service_id,
    team_id,
    {{ no_text }} as severity,
    provider,
    {{ no_text }} as customer_id,
    case when part = 'allocated' then cost else {{ no_amount }} end as numerator,
    case when part in ('allocated', 'unallocated') then cost else {{ no_amount }} end as denominator,
    cast(null as double) as measured,
    case when part not in ('allocated', 'unallocated') then part end as exclusion_reason
from share_parts
