with cells as (

    {% for name in kpi_record_models() -%}
    select
        lone.kpi_id,
        lone.event_date,
        lone.service_id,
        lone.team_id,
        lone.severity,
        lone.provider,
        lone.customer_id,
        {% for column, models in kpi_own_columns().items() -%}
        {{ 'lone.' ~ column if name in models else 'cast(null as ' ~ dbt.type_string() ~ ')' }} as {{ column }},
        {% endfor -%}
        cast(sum(lone.numerator) as decimal(38, 9)) as numerator,
        cast(sum(lone.denominator) as decimal(38, 9)) as denominator,
        cast(sum(lone.is_counted) as bigint) as counted,
        cast(count(*) - sum(lone.is_counted) as bigint) as excluded,
        cast(sum(lone.is_unplaced) as bigint) as unplaced
    from ({{ split_records(name, lone=true) }}) as lone
    group by
        lone.kpi_id, lone.event_date, lone.service_id, lone.team_id, lone.severity, lone.provider, lone.customer_id
        {%- for column, models in kpi_own_columns().items() if name in models %}, lone.{{ column }}{% endfor %}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

placed as (

    {{ place_records('cells', [
        'kpi_id', 'severity', 'provider', 'customer_id', 'respondent_function', 'work_type', 'numerator', 'denominator', 'counted',
        'excluded', 'unplaced',
    ]) }}

)

select
    placed.kpi_id,
    placed.event_date,
    placed.group_id,
    placed.team_id,
    placed.service_id,
    placed.tier,
    placed.severity,
    placed.provider,
    placed.customer_id,
    placed.respondent_function,
    placed.work_type,
    placed.numerator,
    placed.denominator,
    placed.counted,
    placed.excluded,
    placed.unplaced
from placed
inner join {{ ref('dim_kpi') }} as kpis on placed.kpi_id = kpis.kpi_id
