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
    from ({{ split_records(name, lone=true, over_values=true) }}) as lone
    where measured is not null
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
{%- endset -%}
{%- set dated -%}
    select
        placed.kpi_id,
        placed.group_id,
        placed.team_id,
        placed.service_id,
        placed.tier,
        placed.severity,
        placed.provider,
        placed.customer_id,
        placed.respondent_function,
        placed.work_type,
        placed.measured,
        {% for grain, name in kpi_grains().items() -%}
        days.{{ name }}_start_date as {{ grain }}_start{{ ',' if not loop.last }}
        {% endfor %}
    from (
        {{ place_records('(' ~ lone ~ ')', [
            'kpi_id', 'severity', 'provider', 'customer_id', 'respondent_function', 'work_type', 'measured',
        ]) }}
    ) as placed
    inner join {{ ref('dim_date') }} as days on placed.event_date = days.date_day
{%- endset -%}
{%- do steps.append(['dated', dated]) -%}

{%- set repeated -%}
    select
        kpi_id,
        period_grain,
        period_start,
        segment_type,
        segment_id,
        measured
    from {{ ref('int_kpi_repeated_records') }}
    where measured is not null
{%- endset -%}
{%- do steps.append(['repeated', repeated]) -%}

{%- set slices -%}
    {{ kpi_slices() }}
{%- endset -%}
{%- do steps.append(['slices', slices]) -%}

{#- A group by per slice, not one over all: the engine then holds the values of one slice at a time. -#}
{%- set final -%}
{% for segment_type, segment_id in kpi_segment_types().items() -%}
{% set outer_loop = loop -%}
{% for grain in kpi_grains() -%}
select
    measured.kpi_id,
    '{{ grain }}' as period_grain,
    measured.period_start,
    '{{ segment_type }}' as segment_type,
    measured.segment_id,
    cast(count(*) as bigint) as sample_size,
    {% for fraction in fractions -%}
    {{ percentile_of('measured.measured', fraction, fractions) }} as p{{ (fraction * 100) | round | int }},
    {% endfor -%}
    max(measured.measured) as maximum,
    {{ exact_mean('measured.measured') }} as mean
from (
    select
        dated.kpi_id,
        dated.{{ grain }}_start as period_start,
        {{ segment_id }} as segment_id,
        dated.measured
    from dated
    where {{ segment_id }} is not null
    union all
    select
        repeated.kpi_id,
        repeated.period_start,
        repeated.segment_id,
        repeated.measured
    from repeated
    where repeated.period_grain = '{{ grain }}' and repeated.segment_type = '{{ segment_type }}'
) as measured
inner join slices
    on
        measured.kpi_id = slices.kpi_id
        and {{ is_over_values('slices.aggregation') }}
        and slices.segment_type = '{{ segment_type }}'
        and slices.period_grain = '{{ grain }}'
group by measured.kpi_id, measured.period_start, measured.segment_id
{% if not (loop.last and outer_loop.last) %}union all{% endif %}
{% endfor %}
{% endfor %}
{%- endset -%}

{{ config(post_hook="{{ drop_staged_steps(" ~ (steps | map(attribute=0) | list) ~ ") }}") }}

{{ staged_select(steps, final) }}
