{%- set steps = [] -%}

{%- set days -%}
    {{ period_days() }}
{%- endset -%}
{%- do steps.append(['days', days]) -%}

{%- set periods -%}
    select distinct
        period_grain,
        period_start,
        period_end,
        least(period_end, date '{{ var("as_of_date") }}') as last_counted_date
    from days
{%- endset -%}
{%- do steps.append(['periods', periods]) -%}

{%- set incident_rows -%}
    select
        incidents.incident_id,
        cast(null as string) as team_id,
        coalesce(incident_services.service_id, 'unmapped') as service_id,
        incidents.began_date as event_date,
        incidents.began_at,
        incidents.restored_date
    from {{ ref('fct_incidents') }} as incidents
    left join {{ ref('int_incident_services') }} as incident_services
        on incidents.incident_id = incident_services.incident_id
    where coalesce(incidents.exclusion_reason, 'open') = 'open'
{%- endset -%}
{%- do steps.append(['incident_rows', incident_rows]) -%}

{%- set placed_incidents -%}
    {{ place_records('incident_rows', ['incident_id', 'began_at', 'restored_date']) }}
{%- endset -%}
{%- do steps.append(['placed_incidents', placed_incidents]) -%}

{%- set incident_segments -%}
    {{ dora_segments('placed_incidents', ['incident_id', 'event_date', 'began_at', 'restored_date']) }}
{%- endset -%}
{%- do steps.append(['incident_segments', incident_segments]) -%}

{%- set open_at_end -%}
    select distinct
        periods.period_grain,
        periods.period_start,
        periods.last_counted_date,
        incident_segments.segment_type,
        incident_segments.segment_id,
        incident_segments.incident_id,
        incident_segments.began_at
    from incident_segments
    inner join periods
        on
            incident_segments.event_date <= periods.last_counted_date
            and coalesce(incident_segments.restored_date, date '9999-12-31') > periods.last_counted_date
{%- endset -%}
{%- do steps.append(['open_at_end', open_at_end]) -%}

{%- set open_ages -%}
    select
        period_grain,
        period_start,
        segment_type,
        segment_id,
        {{ seconds_between(
            'began_at',
            business_day_start('cast(' ~ dbt.dateadd('day', 1, 'last_counted_date') ~ ' as date)')
        ) }} as age_seconds
    from open_at_end
{%- endset -%}
{%- do steps.append(['open_ages', open_ages]) -%}

{%- set final -%}
select
    period_grain,
    period_start,
    segment_type,
    segment_id,
    cast(count(*) as bigint) as open_count,
    cast(sum(age_seconds) as double) / count(*) / 3600 as open_age_hours,
    cast(max(age_seconds) as double) / 3600 as open_oldest_age_hours
from open_ages
group by period_grain, period_start, segment_type, segment_id
{%- endset -%}

{{ config(post_hook="{{ drop_staged_steps(" ~ (steps | map(attribute=0) | list) ~ ") }}") }}

{{ staged_select(steps, final) }}
