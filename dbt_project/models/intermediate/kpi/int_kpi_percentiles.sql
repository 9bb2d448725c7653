{%- set fractions = [0.5, 0.75, 0.85, 0.9] -%}
{%- set steps = [] -%}

{%- set lone -%}
    {% for name in kpi_record_models() -%}
    select
        kpi_id,
        event_date,
        service_id,
        team_id,
        severity,
        provider,
        customer_id,
        respondent_function,
        work_type,
        measured
    from ({{ split_records(name, lone=true) }}) as lone
    where measured is not null
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
{%- endset -%}

{#- Periods and segments that dim_kpi does not want of a KPI are null: told once per record, not once per slice. -#}
{%- set dated -%}
    select
        placed.kpi_id,
        {% for grain, name in kpi_grains().items() -%}
        case when kpis.is_by_{{ grain }} then days.{{ name }}_start_date end as {{ grain }}_start,
        {% endfor -%}
        {% for segment_type, segment_id in kpi_segment_types().items() -%}
        case when kpis.is_by_{{ segment_type }} then {{ segment_id if segment_id.startswith("'") else 'placed.' ~ segment_id }} end
            as in_{{ segment_type }},
        {% endfor -%}
        placed.measured
    from (
        {{ place_records('(' ~ lone ~ ')', [
            'kpi_id', 'severity', 'provider', 'customer_id', 'respondent_function', 'work_type', 'measured',
        ]) }}
    ) as placed
    inner join {{ ref('dim_date') }} as days on placed.event_date = days.date_day
    inner join (
        select
            kpi_id,
            {% for grain in kpi_grains() -%}
            {{ is_listed("'" ~ grain ~ "'", 'grains') }} as is_by_{{ grain }},
            {% endfor -%}
            {% for segment_type in kpi_segment_types() -%}
            {{ is_listed("'" ~ segment_type ~ "'", 'segments') }} as is_by_{{ segment_type }}{{ ',' if not loop.last }}
            {% endfor %}
        from {{ ref('dim_kpi') }}
        where {{ is_over_values('aggregation') }}
    ) as kpis on placed.kpi_id = kpis.kpi_id
{%- endset -%}
{%- do steps.append(['dated', dated]) -%}

{%- set repeated -%}
    select
        repeated.kpi_id,
        repeated.period_grain,
        repeated.period_start,
        repeated.segment_type,
        repeated.segment_id,
        repeated.measured
    from {{ ref('int_kpi_repeated_records') }} as repeated
    inner join {{ ref('dim_kpi') }} as kpis on repeated.kpi_id = kpis.kpi_id and {{ is_over_values('kpis.aggregation') }}
    where repeated.measured is not null
{%- endset -%}
{%- do steps.append(['repeated', repeated]) -%}

{#- A group by per slice, not one over all: the engine then holds the values of one slice at a time. -#}
{%- set final -%}
{% for segment_type in kpi_segment_types() -%}
{% set outer_loop = loop -%}
{% for grain in kpi_grains() -%}
select
    kpi_id,
    '{{ grain }}' as period_grain,
    period_start,
    '{{ segment_type }}' as segment_type,
    segment_id,
    cast(count(*) as bigint) as sample_size,
    {% for fraction in fractions -%}
    {{ percentile_of('measured', fraction, fractions) }} as p{{ (fraction * 100) | round | int }},
    {% endfor -%}
    max(measured) as maximum,
    {{ exact_mean('measured') }} as mean
from (
    select
        kpi_id,
        {{ grain }}_start as period_start,
        in_{{ segment_type }} as segment_id,
        measured
    from dated
    where {{ grain }}_start is not null and in_{{ segment_type }} is not null
    union all
    select
        kpi_id,
        period_start,
        segment_id,
        measured
    from repeated
    where period_grain = '{{ grain }}' and segment_type = '{{ segment_type }}'
) as measured
group by kpi_id, period_start, segment_id
{% if not (loop.last and outer_loop.last) %}union all{% endif %}
{% endfor %}
{% endfor %}
{%- endset -%}

{{ config(post_hook="{{ drop_staged_steps(" ~ (steps | map(attribute=0) | list) ~ ") }}") }}

{{ staged_select(steps, final) }}
