with repeated as (

    {% for name in kpi_record_models() if name not in kpi_models_of_lone_records() -%}
    select
        kpi_id,
        record_id,
        event_date,
        service_id,
        team_id,
        severity,
        provider,
        customer_id,
        respondent_function,
        work_type,
        numerator,
        denominator,
        measured,
        is_counted,
        is_unplaced
    from ({{ split_records(name, lone=false) }}) as repeated
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

placed as (

    {{ place_records('repeated', [
        'kpi_id', 'record_id', 'severity', 'provider', 'customer_id', 'respondent_function', 'work_type', 'numerator', 'denominator',
        'measured', 'is_counted', 'is_unplaced',
    ]) }}

),

slices as (

    {{ kpi_slices() }}

),

in_segments as (

    select
        placed.kpi_id,
        placed.record_id,
        placed.event_date,
        slices.period_grain,
        slices.segment_type,
        case slices.segment_type
            {% for segment_type, segment_id in kpi_segment_types().items() -%}
            when '{{ segment_type }}' then {{ segment_id }}
            {% endfor -%}
        end as segment_id,
        placed.numerator,
        placed.denominator,
        placed.measured,
        placed.is_counted,
        placed.is_unplaced
    from placed
    inner join slices on placed.kpi_id = slices.kpi_id

),

periods as (

    {{ period_days() }}

)

select
    in_segments.kpi_id,
    periods.period_grain,
    periods.period_start,
    in_segments.segment_type,
    in_segments.segment_id,
    in_segments.record_id,
    min(in_segments.event_date) as event_date,
    max(in_segments.numerator) as numerator,
    max(in_segments.denominator) as denominator,
    -- What happens to several services has happened with the first of them: a change runs in production.
    min(in_segments.measured) as measured,
    cast(max(in_segments.is_counted) as bigint) as counted,
    cast(1 - max(in_segments.is_counted) as bigint) as excluded,
    cast(case when max(in_segments.is_counted) = 0 then max(in_segments.is_unplaced) else 0 end as bigint) as unplaced
from in_segments
inner join periods on in_segments.event_date = periods.date_day and in_segments.period_grain = periods.period_grain
where in_segments.segment_id is not null
group by
    in_segments.kpi_id,
    periods.period_grain,
    periods.period_start,
    in_segments.segment_type,
    in_segments.segment_id,
    in_segments.record_id
