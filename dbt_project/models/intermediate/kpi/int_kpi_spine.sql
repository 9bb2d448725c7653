{%- set steps = [] -%}

{%- set kpis -%}
    select
        kpi_id,
        headline_kpi_id,
        aggregation,
        grains,
        is_people
    from {{ ref('dim_kpi') }}
{%- endset -%}
{%- do steps.append(['kpis', kpis]) -%}

{%- set periods -%}
    select
        period_grain,
        period_start,
        period_end,
        year_start,
        period_days
    from {{ ref('int_kpi_periods') }}
{%- endset -%}
{%- do steps.append(['periods', periods]) -%}

{%- set slices -%}
    {{ kpi_slices() }}
{%- endset -%}
{%- do steps.append(['slices', slices]) -%}

{%- set measures -%}
    select
        kpi_id,
        period_grain,
        period_start,
        segment_type,
        segment_id,
        first_event_date
    from {{ ref('int_kpi_measures') }}
{%- endset -%}
{%- do steps.append(['measures', measures]) -%}

{#- A KPI begins with the first record of its family: before that its sources had nothing to say, and a 0 would be a lie.
    What a family tells of people comes from HR's history, which reaches further back than its other sources. -#}
{%- set beginnings -%}
    select
        kpis.headline_kpi_id,
        kpis.is_people,
        min(measures.first_event_date) as first_date
    from measures
    inner join kpis on measures.kpi_id = kpis.kpi_id
    group by kpis.headline_kpi_id, kpis.is_people
{%- endset -%}
{%- do steps.append(['beginnings', beginnings]) -%}

{%- set landed -%}
    select
        kpi_id,
        landed_through_date
    from {{ ref('int_kpi_landings') }}
{%- endset -%}
{%- do steps.append(['landed', landed]) -%}

{%- set kpi_periods -%}
    select
        kpis.kpi_id,
        periods.period_grain,
        periods.period_start,
        periods.period_end,
        landed.landed_through_date,
        {{ is_begun_in_time('kpis.aggregation', 'periods', 'beginnings.first_date') }} as is_begun_in_time
    from kpis
    inner join beginnings on kpis.headline_kpi_id = beginnings.headline_kpi_id and kpis.is_people = beginnings.is_people
    inner join periods
        on beginnings.first_date <= periods.period_end and {{ is_listed('periods.period_grain', 'kpis.grains') }}
    left join landed on kpis.kpi_id = landed.kpi_id
{%- endset -%}
{%- do steps.append(['kpi_periods', kpi_periods]) -%}

{%- set existing -%}
    select
        period_grain,
        period_start,
        segment_type,
        segment_id
    from {{ ref('int_kpi_segments') }}
{%- endset -%}
{%- do steps.append(['existing', existing]) -%}

{#- Segments that no catalogue dates (a provider, a severity, a function, 'unmapped') exist from their first record in the KPI on;
    a customer until its last. -#}
{%- set observed -%}
    select
        measures.kpi_id,
        measures.period_grain,
        measures.segment_type,
        measures.segment_id,
        min(measures.period_start) as first_start,
        case
            when measures.segment_type = 'customer' then max(measures.period_start)
            else date '{{ var("as_of_date") }}'
        end as last_start
    from measures
    where measures.segment_type in ('severity', 'provider', 'customer', 'function', 'work_type') or measures.segment_id = 'unmapped'
    group by measures.kpi_id, measures.period_grain, measures.segment_type, measures.segment_id
{%- endset -%}
{%- do steps.append(['observed', observed]) -%}

{%- set spine -%}
    select
        kpi_periods.kpi_id,
        existing.period_grain,
        existing.period_start,
        existing.segment_type,
        existing.segment_id
    from kpi_periods
    inner join slices on kpi_periods.kpi_id = slices.kpi_id and kpi_periods.period_grain = slices.period_grain
    inner join existing
        on
            kpi_periods.period_grain = existing.period_grain
            and kpi_periods.period_start = existing.period_start
            and slices.segment_type = existing.segment_type
    union
    select
        kpi_periods.kpi_id,
        kpi_periods.period_grain,
        kpi_periods.period_start,
        observed.segment_type,
        observed.segment_id
    from kpi_periods
    inner join observed
        on
            kpi_periods.kpi_id = observed.kpi_id
            and kpi_periods.period_grain = observed.period_grain
            and kpi_periods.period_start >= observed.first_start
            and kpi_periods.period_start <= observed.last_start
    union
    -- What the catalogue says did not exist and yet has records is shown, not dropped.
    select
        kpi_id,
        period_grain,
        period_start,
        segment_type,
        segment_id
    from measures
{%- endset -%}
{%- do steps.append(['spine', spine]) -%}

{%- set final -%}
select
    spine.kpi_id,
    spine.period_grain,
    spine.period_start,
    spine.segment_type,
    spine.segment_id,
    kpi_periods.is_begun_in_time,
    coalesce(
        kpi_periods.is_begun_in_time
        and kpi_periods.period_end <= date '{{ var("as_of_date") }}'
        and kpi_periods.landed_through_date >= kpi_periods.period_end,
        false
    ) as is_complete
from spine
inner join kpi_periods
    on
        spine.kpi_id = kpi_periods.kpi_id
        and spine.period_grain = kpi_periods.period_grain
        and spine.period_start = kpi_periods.period_start
{%- endset -%}

{{ config(post_hook="{{ drop_staged_steps(" ~ (steps | map(attribute=0) | list) ~ ") }}") }}

{{ staged_select(steps, final) }}
