{#- Every allocated amount is entered twice: where it was incurred (service, team, provider) and for whom (customer). A contra entry per month, which
    names neither, takes the second entry off again, so that the organisation counts each amount once. A join of the two sides would need a row per
    customer and service, and could not be had without splitting cents. -#}
with assignments as (
    select * from {{ ref('int_cost_assignments') }} where cost_view = 'as_incurred'
),

allocations as (
    select * from {{ ref('int_cost_allocations') }} where cost_view = 'as_incurred' and allocation <> 'unallocated' and is_converted
),

unsplit_pools as (
    select * from {{ ref('int_cost_pool_shares') }} where customer_id is null
),

activity as (
    select * from {{ ref('int_customer_activity') }}
),

judged as (
    select
        assignments.*,
        case
            when not assignments.is_converted then 'no_exchange_rate'
            when assignments.assignment = 'pool' then unsplit_pools.unallocated_reason
            else assignments.unallocated_reason
        end as exclusion_reason
    from assignments
    left join unsplit_pools
        on
            assignments.assignment = 'pool'
            and unsplit_pools.period_month = assignments.period_month
            and unsplit_pools.pool_id = assignments.pool_id
),

{% set place = ['placed_date', 'service_id', 'team_id', 'provider'] -%}
{% set place_columns = place | join(', ') -%}
places as (
    select
        period_month,
        {{ place_columns }},
        exclusion_reason,
        sum(reporting_amount) as cost
    from judged
    group by
        period_month,
        {{ place_columns }},
        exclusion_reason
),

bearers as (
    select
        period_month,
        customer_id,
        cast(sum(reporting_amount) as decimal(38, 9)) as cost
    from allocations
    group by
        period_month,
        customer_id
),

contra_entries as (
    select
        period_month,
        -sum(cost) as cost
    from bearers
    group by period_month
),

-- One record for all active customers of the month, repeated in each place and counted once wherever places are added up. On a
-- customer's own row it carries the customer alone, which the whole never falls below.
denominators as (
    select
        'cloud_cost_per_customer' as kpi_id,
        'active customers ' || cast(activity_month as {{ dbt.type_string() }}) as record_id,
        activity_month,
        customer_id,
        cast(1 as decimal(38, 9)) as units
    from activity
    where is_active
    union all
    select
        'cloud_cost_per_transaction' as kpi_id,
        'transactions ' || cast(activity_month as {{ dbt.type_string() }}) as record_id,
        activity_month,
        customer_id,
        transactions as units
    from activity
    where transactions > 0
),

denominator_totals as (
    select
        kpi_id,
        record_id,
        activity_month,
        cast(sum(units) as decimal(38, 9)) as units
    from denominators
    group by
        kpi_id,
        record_id,
        activity_month
),

unit_costs as (
    select 'cloud_cost_per_customer' as kpi_id
    union all
    select 'cloud_cost_per_transaction' as kpi_id
),

share_parts as (
    select
        {{ place_columns }},
        case
            when exclusion_reason in ('no_exchange_rate', 'excluded_by_rule') then exclusion_reason
            when exclusion_reason is null then 'allocated'
            else 'unallocated'
        end as part,
        cast(abs(sum(cost)) as decimal(38, 9)) as cost
    from places
    group by
        {{ place_columns }},
        case
            when exclusion_reason in ('no_exchange_rate', 'excluded_by_rule') then exclusion_reason
            when exclusion_reason is null then 'allocated'
            else 'unallocated'
        end
),

{% set no_text = "cast(null as " ~ dbt.type_string() ~ ")" -%}
{% set no_amount = "cast(0 as decimal(38, 9))" -%}
entries as (
    select
        unit_costs.kpi_id,
        'incurred ' || {{ hash_text(place + ['exclusion_reason']) }} as record_id,
        {{ place_columns }},
        {{ no_text }} as customer_id,
        case when places.exclusion_reason is null then cast(places.cost as decimal(38, 9)) else {{ no_amount }} end as numerator,
        {{ no_amount }} as denominator,
        places.exclusion_reason
    from places
    cross join unit_costs
    union all
    select
        unit_costs.kpi_id,
        'borne ' || {{ hash_text(['period_month', 'customer_id']) }} as record_id,
        bearers.period_month as placed_date,
        {{ no_text }} as service_id,
        {{ no_text }} as team_id,
        {{ no_text }} as provider,
        bearers.customer_id,
        bearers.cost as numerator,
        {{ no_amount }} as denominator,
        {{ no_text }} as exclusion_reason
    from bearers
    cross join unit_costs
    union all
    select
        unit_costs.kpi_id,
        'contra ' || cast(contra_entries.period_month as {{ dbt.type_string() }}) as record_id,
        contra_entries.period_month as placed_date,
        {{ no_text }} as service_id,
        {{ no_text }} as team_id,
        {{ no_text }} as provider,
        {{ no_text }} as customer_id,
        cast(contra_entries.cost as decimal(38, 9)) as numerator,
        {{ no_amount }} as denominator,
        {{ no_text }} as exclusion_reason
    from contra_entries
    cross join unit_costs
    union all
    select
        denominator_totals.kpi_id,
        denominator_totals.record_id,
        denominator_totals.activity_month as placed_date,
        {{ no_text }} as service_id,
        {{ no_text }} as team_id,
        {{ no_text }} as provider,
        {{ no_text }} as customer_id,
        {{ no_amount }} as numerator,
        denominator_totals.units as denominator,
        {{ no_text }} as exclusion_reason
    from denominator_totals
    union all
    select distinct
        denominator_totals.kpi_id,
        denominator_totals.record_id,
        {{ place_columns }},
        {{ no_text }} as customer_id,
        {{ no_amount }} as numerator,
        denominator_totals.units as denominator,
        {{ no_text }} as exclusion_reason
    from denominator_totals
    inner join places on places.period_month = denominator_totals.activity_month
    union all
    select
        denominators.kpi_id,
        denominators.record_id,
        denominators.activity_month as placed_date,
        {{ no_text }} as service_id,
        {{ no_text }} as team_id,
        {{ no_text }} as provider,
        denominators.customer_id,
        {{ no_amount }} as numerator,
        denominators.units as denominator,
        {{ no_text }} as exclusion_reason
    from denominators
    union all
    select
        'cloud_cost_allocated_share' as kpi_id,
        part || ' ' || {{ hash_text(place) }} as record_id,
        {{ place_columns }},
        {{ no_text }} as customer_id,
        case when part = 'allocated' then cost else {{ no_amount }} end as numerator,
        case when part in ('allocated', 'unallocated') then cost else {{ no_amount }} end as denominator,
        case when part not in ('allocated', 'unallocated') then part end as exclusion_reason
    from share_parts
)

select
    kpi_id,
    record_id,
    placed_date as event_date,
    service_id,
    team_id,
    {{ no_text }} as severity,
    provider,
    customer_id,
    numerator,
    denominator,
    cast(null as double) as measured,
    exclusion_reason
from entries
