{#- Condition on an aliased record: its day is in the calendar. -#}
{% macro in_calendar(alias) -%}
    {{ alias }}.event_date >= date '{{ var("calendar_first_date") }}' and {{ alias }}.event_date <= date '{{ var("as_of_date") }}'
{%- endmacro %}

{#- CTE bodies for one records model, so that a record that stands on several rows (an incident on three services)
    is told from the many that stand on one. Those on one row can be summed by day; the others must be counted once
    per segment and period. Buckets are hashes: a collision sends a lone record down the second path, where it gives
    the same figures, only slower. Days with a numerator cannot be counted twice, so distinct_days never repeats. -#}
{% macro repeated_buckets(relation, over_values) -%}
    select {{ hash_bucket(['records.kpi_id', 'records.record_id']) }} as bucket
    from {{ relation }} as records
    inner join {{ ref('dim_kpi') }} as kpis on records.kpi_id = kpis.kpi_id
    where
        kpis.aggregation <> 'distinct_days'
        and {{ in_calendar('records') }}
        {{ 'and ' ~ is_over_values('kpis.aggregation') if over_values }}
    group by {{ hash_bucket(['records.kpi_id', 'records.record_id']) }}
    having count(*) > 1
{%- endmacro %}

{#- Select over the records model of that name: its rows in the calendar that stand alone (lone=true) or repeat (lone=false),
    with is_counted and is_unplaced (left out, but eligible) as 0 or 1. over_values: only those of KPIs whose figure is one over
    measured values. -#}
{% macro split_records(name, lone, over_values=false) -%}
    {%- set relation = ref(name) -%}
    select
        records.kpi_id,
        records.record_id,
        records.event_date,
        records.service_id,
        records.team_id,
        records.severity,
        records.provider,
        records.customer_id,
        {% for column, models in kpi_own_columns().items() -%}
        {{ 'records.' ~ column if name in models else 'cast(null as ' ~ dbt.type_string() ~ ')' }} as {{ column }},
        {% endfor -%}
        records.numerator,
        records.denominator,
        case when records.exclusion_reason is null then records.measured end as measured,
        case when records.exclusion_reason is null then 1 else 0 end as is_counted,
        case when records.exclusion_reason is not null and coalesce(reasons.is_eligible, true) then 1 else 0 end as is_unplaced,
        kpis.aggregation
    from {{ relation }} as records
    inner join {{ ref('dim_kpi') }} as kpis on records.kpi_id = kpis.kpi_id
    left join {{ ref('kpi_exclusion_reasons') }} as reasons on records.exclusion_reason = reasons.exclusion_reason
    left join ({{ repeated_buckets(relation, over_values) }}) as repeated
        -- One plain equality: a second condition here would turn DuckDB's hash join into nested loops.
        on
            case when kpis.aggregation <> 'distinct_days' then {{ hash_bucket(['records.kpi_id', 'records.record_id']) }} end
            = repeated.bucket
    where
        {{ in_calendar('records') }}
        and repeated.bucket is {{ 'null' if lone else 'not null' }}
        {{ 'and ' ~ is_over_values('kpis.aggregation') if over_values }}
{%- endmacro %}
