{%- set sparkline_periods = 12 -%}

{#- A source that may rest for days counts as landed beyond today: least() brings it back. -#}
with kpis as (

    select
        kpi_id,
        kpi_name,
        headline_kpi_id,
        is_headline,
        cadence,
        unit,
        display_unit,
        display_scale,
        direction,
        definition_version
    from {{ ref('dim_kpi') }}

),

facts as (

    select
        facts.*,
        lag(facts.value) over (
            partition by facts.kpi_id, facts.segment_type, facts.segment_id order by facts.period_start
        ) as previous_value,
        row_number() over (
            partition by facts.kpi_id, facts.segment_type, facts.segment_id order by facts.period_start desc
        ) as age
    from {{ ref('fct_kpi_values') }} as facts
    inner join kpis on facts.kpi_id = kpis.kpi_id and facts.period_grain = kpis.cadence
    where facts.is_complete

),

-- A segment that ended before the KPI's last complete period has no place on a Monday's page.
latest_periods as (

    select
        kpi_id,
        max(period_start) as period_start
    from facts
    group by kpi_id

),

latest as (

    select facts.*
    from facts
    inner join latest_periods
        on facts.kpi_id = latest_periods.kpi_id and facts.period_start = latest_periods.period_start

),

sparklines as (

    select
        kpi_id,
        segment_type,
        segment_id,
        '['
        {% for age in range(sparkline_periods, 0, -1) -%}
        || max(case when age = {{ age }} then coalesce(cast(cast(value as decimal(38, 6)) as {{ dbt.type_string() }}), 'null') || '{{ ',' if age > 1 }}' else '' end)
        {% endfor -%}
        || ']' as sparkline_values
    from facts
    where age <= {{ sparkline_periods }}
    group by kpi_id, segment_type, segment_id

),

records as (

    select
        kpi_id,
        sum(counted) as counted,
        sum(excluded) as excluded
    from {{ ref('int_kpi_measures') }}
    where segment_type = 'org'
    group by kpi_id

),

placed as (

    select
        kpis.kpi_id,
        kpis.kpi_name,
        kpis.headline_kpi_id,
        kpis.is_headline,
        coalesce(latest.segment_type, 'org') as segment_type,
        coalesce(latest.segment_id, 'org') as segment_id,
        kpis.cadence as period_grain,
        latest.period_start,
        latest.period_end,
        latest.numerator,
        latest.denominator,
        latest.value,
        kpis.unit,
        kpis.display_unit,
        kpis.display_scale,
        kpis.direction,
        latest.sample_size,
        latest.low,
        latest.high,
        latest.coverage,
        latest.excluded,
        latest.target,
        latest.target_upper,
        coalesce(latest.status, 'no_data') as status,
        latest.previous_value,
        latest.baseline,
        latest.baseline_change,
        kpis.definition_version,
        landings.landed_source_count,
        landings.landed_through_date,
        coalesce(records.counted, 0) as counted,
        coalesce(records.excluded, 0) as records_excluded
    from kpis
    left join latest on kpis.kpi_id = latest.kpi_id
    left join {{ ref('int_kpi_landings') }} as landings on kpis.kpi_id = landings.kpi_id
    left join records on kpis.kpi_id = records.kpi_id

),

segment_names as (

    select 'team' as segment_type, team_id as segment_id, team_name as segment_name
    from {{ ref('dim_team') }}
    union all
    select 'group' as segment_type, group_id as segment_id, max(group_name) as segment_name
    from {{ ref('dim_team') }}
    group by group_id
    union all
    select 'service' as segment_type, service_id as segment_id, service_name as segment_name
    from {{ ref('dim_service') }}
    union all
    select 'customer' as segment_type, customer_id as segment_id, customer_name as segment_name
    from {{ ref('dim_customer') }}

)

select
    placed.kpi_id,
    placed.kpi_name,
    placed.headline_kpi_id,
    placed.is_headline,
    placed.segment_type,
    placed.segment_id,
    case placed.segment_type
        when 'org' then 'Organisation'
        when 'tier' then case when placed.segment_id = 'unmapped' then 'Tier unknown' else 'Tier ' || placed.segment_id end
        else coalesce(segment_names.segment_name, placed.segment_id)
    end as segment_name,
    placed.period_grain,
    placed.period_start,
    placed.period_end,
    placed.numerator,
    placed.denominator,
    placed.value,
    placed.unit,
    placed.display_unit,
    placed.display_scale,
    placed.direction,
    placed.sample_size,
    placed.low,
    placed.high,
    placed.coverage,
    placed.excluded,
    placed.target,
    placed.target_upper,
    placed.status,
    placed.previous_value,
    placed.value - placed.previous_value as change,
    (placed.value - placed.previous_value) / nullif(abs(placed.previous_value), 0) as change_share,
    placed.baseline,
    placed.baseline_change,
    charts.centre,
    charts.lower_limit,
    charts.upper_limit,
    charts.signal,
    charts.signal_direction,
    charts.is_improvement,
    coalesce(sparklines.sparkline_values, '[]') as sparkline_values,
    least(placed.landed_through_date, date '{{ var("as_of_date") }}') as data_through_date,
    case
        when placed.value is not null then null
        when placed.status = 'suppressed' then 'suppressed'
        when coalesce(placed.landed_source_count, 0) = 0 then 'no_source'
        when placed.counted = 0 and placed.records_excluded > 0 then 'nothing_mapped'
        when placed.counted = 0 then 'nothing_happened'
        when placed.period_start is null then 'no_complete_period'
        when coalesce(placed.excluded, 0) > 0 and coalesce(placed.sample_size, 0) = 0 then 'all_excluded'
        else 'nothing_happened'
    end as empty_reason,
    placed.definition_version
from placed
left join segment_names
    on placed.segment_type = segment_names.segment_type and placed.segment_id = segment_names.segment_id
left join {{ ref('fct_kpi_control_chart') }} as charts
    on
        placed.kpi_id = charts.kpi_id
        and placed.period_grain = charts.period_grain
        and placed.period_start = charts.period_start
        and placed.segment_type = charts.segment_type
        and placed.segment_id = charts.segment_id
left join sparklines
    on
        placed.kpi_id = sparklines.kpi_id
        and placed.segment_type = sparklines.segment_type
        and placed.segment_id = sparklines.segment_id
