{%- set failure_methods = [
    'named_by_incident', 'change_request', 'rollback', 'revert', 'hotfix', 'time_window', 'time_window_dependency',
] -%}
{%- set steps = [] -%}

{%- set kpi_values -%}
    select
        kpi_id,
        period_grain,
        period_start,
        segment_type,
        segment_id,
        numerator,
        denominator,
        value,
        sample_size,
        p90,
        mean,
        low,
        high,
        coverage,
        is_complete
    from {{ ref('fct_kpi_values') }}
    where
        segment_type in ('org', 'group', 'team', 'service', 'tier')
        and kpi_id in (
            'deployment_frequency', 'deployment_days', 'lead_time_for_changes', 'lead_time_coding', 'lead_time_pickup',
            'lead_time_review', 'lead_time_deploy', 'change_failure_rate', 'change_failure_rate_1h',
            'change_failure_rate_4h', 'change_failure_rate_24h', 'change_failure_rate_72h', 'rework_rate',
            'time_to_restore', 'failed_deployment_recovery_time', 'outage_minutes'
        )
{%- endset -%}
{%- do steps.append(['kpi_values', kpi_values]) -%}

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

{%- set figures -%}
    select
        period_grain,
        period_start,
        segment_type,
        segment_id,
        {% for kpi_id, alias in {
            'deployment_frequency': 'deployment_frequency',
            'lead_time_for_changes': 'lead_time',
            'change_failure_rate': 'change_failure_rate',
            'rework_rate': 'rework_rate',
            'time_to_restore': 'time_to_restore',
            'failed_deployment_recovery_time': 'recovery_time',
        }.items() -%}
            {% for column in [
                'numerator', 'denominator', 'value', 'sample_size', 'mean', 'p90', 'low', 'high', 'coverage',
            ] -%}
                max(case when kpi_id = '{{ kpi_id }}' then {{ column }} end) as {{ alias }}_{{ column }},
            {% endfor -%}
        {% endfor -%}
        {% for kpi_id in [
            'deployment_days', 'lead_time_coding', 'lead_time_pickup', 'lead_time_review', 'lead_time_deploy',
            'change_failure_rate_1h', 'change_failure_rate_4h', 'change_failure_rate_24h', 'change_failure_rate_72h',
            'outage_minutes',
        ] -%}
            max(case when kpi_id = '{{ kpi_id }}' then value end) as {{ kpi_id }},
        {% endfor -%}
        min(case when is_complete then 1 else 0 end) as is_complete
    from kpi_values
    group by period_grain, period_start, segment_type, segment_id
{%- endset -%}
{%- do steps.append(['figures', figures]) -%}

{%- set last_weeks -%}
    select
        periods.period_grain,
        periods.period_start,
        max(calendar_weeks.period_start) as week_start
    from periods
    inner join periods as calendar_weeks
        on
            calendar_weeks.period_grain = 'week'
            and periods.last_counted_date >= calendar_weeks.period_end
    group by periods.period_grain, periods.period_start
{%- endset -%}
{%- do steps.append(['last_weeks', last_weeks]) -%}

{%- set failed_deployments -%}
    select
        deployment_date,
        group_id,
        team_id,
        service_id,
        tier,
        failure_method,
        count(*) as failures
    from {{ ref('fct_deployments') }}
    where
        is_production
        and is_failed_change
        and (exclusion_reason is null{{ " or exclusion_reason = 'failed'" if var('cfr_count_failed_attempts') }})
    group by deployment_date, group_id, team_id, service_id, tier, failure_method
{%- endset -%}
{%- do steps.append(['failed_deployments', failed_deployments]) -%}

{%- set failure_segments -%}
    {{ dora_segments('failed_deployments', ['deployment_date', 'failure_method', 'failures']) }}
{%- endset -%}
{%- do steps.append(['failure_segments', failure_segments]) -%}

{%- set failures -%}
    select
        days.period_grain,
        days.period_start,
        failure_segments.segment_type,
        failure_segments.segment_id,
        {% for method in failure_methods -%}
            sum(case when failure_segments.failure_method = '{{ method }}' then failure_segments.failures else 0 end)
                as failed_by_{{ method }},
        {% endfor -%}
        sum(failure_segments.failures) as failed_deployments
    from failure_segments
    inner join days
        on failure_segments.deployment_date = days.date_day
    group by
        days.period_grain,
        days.period_start,
        failure_segments.segment_type,
        failure_segments.segment_id
{%- endset -%}
{%- do steps.append(['failures', failures]) -%}

{%- set bands -%}
    select * from {{ ref('int_dora_bands') }}
{%- endset -%}
{%- do steps.append(['bands', bands]) -%}

{%- set merged_changes -%}
    select * from {{ ref('int_dora_change_coverage') }}
{%- endset -%}
{%- do steps.append(['merged_changes', merged_changes]) -%}

{%- set open_incidents -%}
    select * from {{ ref('int_dora_open_incidents') }}
{%- endset -%}
{%- do steps.append(['open_incidents', open_incidents]) -%}

{%- set spine -%}
    select
        period_grain,
        period_start,
        segment_type,
        segment_id
    from figures
    union
    select
        period_grain,
        period_start,
        segment_type,
        segment_id
    from failures
    union
    select
        period_grain,
        period_start,
        segment_type,
        segment_id
    from merged_changes
    union
    select
        period_grain,
        period_start,
        segment_type,
        segment_id
    from open_incidents
{%- endset -%}
{%- do steps.append(['spine', spine]) -%}

{%- set final -%}
select
    spine.period_grain,
    spine.period_start,
    periods.period_end,
    spine.segment_type,
    spine.segment_id,
    coalesce(figures.is_complete, 0) = 1 as is_complete,
    cast(figures.deployment_frequency_numerator as bigint) as deployments,
    cast(figures.deployment_frequency_denominator as bigint) as counted_days,
    figures.deployment_frequency_value as deployment_frequency,
    figures.deployment_frequency_coverage as deployment_coverage,
    cast(figures.deployment_days as bigint) as deployment_days,
    bands.weekly_median as weekly_deployment_days_median,
    bands.band as deployment_frequency_band,
    cast({{ var('dora_report_year') }} as bigint) as dora_report_year,
    figures.lead_time_value as lead_time_hours,
    figures.lead_time_mean as lead_time_mean_hours,
    figures.lead_time_p90 as lead_time_p90_hours,
    figures.lead_time_sample_size as lead_time_changes,
    figures.lead_time_coding as lead_time_coding_hours,
    figures.lead_time_pickup as lead_time_pickup_hours,
    figures.lead_time_review as lead_time_review_hours,
    figures.lead_time_deploy as lead_time_deploy_hours,
    cast(coalesce(merged_changes.merged_changes, 0) as bigint) as merged_changes,
    cast(coalesce(merged_changes.linked_changes, 0) as bigint) as linked_changes,
    cast(merged_changes.linked_changes as double) / nullif(merged_changes.merged_changes, 0) as lead_time_coverage,
    cast(figures.change_failure_rate_numerator as bigint) as failed_deployments,
    cast(figures.change_failure_rate_denominator as bigint) as judged_deployments,
    figures.change_failure_rate_value as change_failure_rate,
    figures.change_failure_rate_low,
    figures.change_failure_rate_high,
    figures.change_failure_rate_1h,
    figures.change_failure_rate_4h,
    figures.change_failure_rate_24h,
    figures.change_failure_rate_72h,
    {% for method in failure_methods -%}
        cast(coalesce(failures.failed_by_{{ method }}, 0) as bigint) as failed_by_{{ method }},
    {% endfor -%}
    {% for method in failure_methods -%}
        cast(coalesce(failures.failed_by_{{ method }}, 0) as double)
        / nullif(cast(figures.change_failure_rate_denominator as double), 0) as {{ method }}_failure_rate,
    {% endfor -%}
    cast(figures.rework_rate_numerator as bigint) as rework_deployments,
    figures.rework_rate_value as rework_rate,
    figures.recovery_time_value as failed_deployment_recovery_minutes,
    figures.recovery_time_mean as failed_deployment_recovery_mean_minutes,
    figures.recovery_time_p90 as failed_deployment_recovery_p90_minutes,
    figures.recovery_time_sample_size as recovered_deployments,
    figures.time_to_restore_value as time_to_restore_minutes,
    figures.time_to_restore_mean as time_to_restore_mean_minutes,
    figures.time_to_restore_p90 as time_to_restore_p90_minutes,
    figures.time_to_restore_sample_size as restored_incidents,
    figures.time_to_restore_coverage,
    cast(coalesce(open_incidents.open_count, 0) as bigint) as open_count,
    open_incidents.open_age_hours,
    open_incidents.open_oldest_age_hours,
    figures.outage_minutes
from spine
inner join periods
    on
        spine.period_grain = periods.period_grain
        and spine.period_start = periods.period_start
left join figures
    on
        spine.period_grain = figures.period_grain
        and spine.period_start = figures.period_start
        and spine.segment_type = figures.segment_type
        and spine.segment_id = figures.segment_id
left join failures
    on
        spine.period_grain = failures.period_grain
        and spine.period_start = failures.period_start
        and spine.segment_type = failures.segment_type
        and spine.segment_id = failures.segment_id
left join merged_changes
    on
        spine.period_grain = merged_changes.period_grain
        and spine.period_start = merged_changes.period_start
        and spine.segment_type = merged_changes.segment_type
        and spine.segment_id = merged_changes.segment_id
left join open_incidents
    on
        spine.period_grain = open_incidents.period_grain
        and spine.period_start = open_incidents.period_start
        and spine.segment_type = open_incidents.segment_type
        and spine.segment_id = open_incidents.segment_id
left join last_weeks
    on
        spine.period_grain = last_weeks.period_grain
        and spine.period_start = last_weeks.period_start
left join bands
    on
        spine.segment_type = bands.segment_type
        and spine.segment_id = bands.segment_id
        and last_weeks.week_start = bands.week_start
{%- endset -%}

{{ config(post_hook="{{ drop_staged_steps(" ~ (steps | map(attribute=0) | list) ~ ") }}") }}

{{ staged_select(steps, final) }}
