{#- Condition on an aliased record: its day is in the calendar. -#}
{% macro in_calendar(alias) -%}
    {{ alias }}.event_date >= date '{{ var("calendar_first_date") }}' and {{ alias }}.event_date <= date '{{ var("as_of_date") }}'
{%- endmacro %}

{#- Select over the records model of that name: its rows in the calendar that stand alone (lone=true) or repeat (lone=false),
    with is_counted and is_unplaced (left out, but eligible) as 0 or 1. A record that stands on several rows (an incident on
    three services) is told from the many that stand on one: those can be summed by day; the others must be counted once per
    segment and period. -#}
{% macro split_records(name, lone) -%}
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
        case when records.exclusion_reason is not null and coalesce(reasons.is_eligible, true) then 1 else 0 end as is_unplaced
    from {{ ref(name) }} as records
    left join {{ ref('kpi_exclusion_reasons') }} as reasons on records.exclusion_reason = reasons.exclusion_reason
    {% if name not in kpi_models_of_lone_records() -%}
    {{ 'left' if lone else 'inner' }} join {{ ref('int_kpi_repeats') }} as repeats
        on records.kpi_id = repeats.kpi_id and records.record_id = repeats.record_id
    {% endif -%}
    where
        {{ in_calendar('records') }}
        {{ 'and repeats.record_id is null' if lone and name not in kpi_models_of_lone_records() }}
{%- endmacro %}
