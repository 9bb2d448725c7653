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
        lone.respondent_function,
        lone.work_type,
        cast(sum(lone.numerator) as decimal(38, 9)) as numerator,
        cast(sum(lone.denominator) as decimal(38, 9)) as denominator,
        cast(sum(lone.is_counted) as bigint) as counted,
        cast(count(*) - sum(lone.is_counted) as bigint) as excluded,
        cast(sum(lone.is_unplaced) as bigint) as unplaced
    from ({{ split_records(name, lone=true) }}) as lone
    group by
        lone.kpi_id, lone.event_date, lone.service_id, lone.team_id, lone.severity, lone.provider, lone.customer_id,
        lone.respondent_function, lone.work_type
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
    kpi_id,
    event_date,
    group_id,
    team_id,
    service_id,
    tier,
    severity,
    provider,
    customer_id,
    respondent_function,
    work_type,
    numerator,
    denominator,
    counted,
    excluded,
    unplaced
from placed
