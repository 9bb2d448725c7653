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

{#- Deployment days of the median week, over the twelve complete weeks up to the end of each period. -#}
{%- set weeks -%}
    select
        segment_type,
        segment_id,
        period_start as week_start,
        value as deployment_days
    from kpi_values
    where
        kpi_id = 'deployment_days'
        and period_grain = 'week'
        and is_complete
{%- endset -%}
{%- do steps.append(['weeks', weeks]) -%}

{%- set trailing_weeks -%}
    select
        last_week.segment_type,
        last_week.segment_id,
        last_week.week_start,
        count(*) as week_count,
        sum(weeks.deployment_days) as days_in_12_weeks,
        percentile_cont(0.5) within group (order by weeks.deployment_days) as weekly_median
    from weeks as last_week
    inner join weeks
        on
            last_week.segment_type = weeks.segment_type
            and last_week.segment_id = weeks.segment_id
            and weeks.week_start > cast({{ dbt.dateadd('day', -84, 'last_week.week_start') }} as date)
            and last_week.week_start >= weeks.week_start
    group by last_week.segment_type, last_week.segment_id, last_week.week_start
{%- endset -%}
{%- do steps.append(['trailing_weeks', trailing_weeks]) -%}

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

{%- set banded -%}
    select
        trailing_weeks.segment_type,
        trailing_weeks.segment_id,
        trailing_weeks.week_start,
        trailing_weeks.weekly_median,
        min(dora_bands.band_rank) as band_rank
    from trailing_weeks
    left join {{ ref('dora_bands') }} as dora_bands
        on
            dora_bands.metric = 'deployment_frequency'
            and dora_bands.report_year = {{ var('dora_report_year') }}
            and trailing_weeks.weekly_median >= dora_bands.minimum_weekly_median
            and trailing_weeks.days_in_12_weeks >= dora_bands.minimum_days_in_12_weeks
    where trailing_weeks.week_count = 12
    group by
        trailing_weeks.segment_type,
        trailing_weeks.segment_id,
        trailing_weeks.week_start,
        trailing_weeks.weekly_median
{%- endset -%}
{%- do steps.append(['banded', banded]) -%}

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

{#- Linked of merged, by the period of the merge: what was merged and has not been found in production stays in sight. -#}
{%- set merged_rows -%}
    select
        change_id,
        cast(null as string) as team_id,
        service_id,
        {{ business_date('merged_at') }} as event_date,
        case when deployment_id is null then 0 else 1 end as is_linked
    from {{ ref('fct_changes') }}
    where
        merged_at is not null
        and coalesce(exclusion_reason, '') not in ('bot', 'pure_merge')
{%- endset -%}
{%- do steps.append(['merged_rows', merged_rows]) -%}

{%- set row_counts -%}
    select
        change_id,
        count(*) as service_count
    from merged_rows
    group by change_id
{%- endset -%}
{%- do steps.append(['row_counts', row_counts]) -%}

{%- set placed_rows -%}
    {{ place_records('merged_rows', ['change_id', 'is_linked']) }}
{%- endset -%}
{%- do steps.append(['placed_rows', placed_rows]) -%}

{#- Most changes belong to one service and can be summed by day; the others count once per segment and period. -#}
{%- set lone_changes -%}
    select
        placed_rows.event_date,
        placed_rows.group_id,
        placed_rows.team_id,
        placed_rows.service_id,
        placed_rows.tier,
        count(*) as merged,
        sum(placed_rows.is_linked) as linked
    from placed_rows
    inner join row_counts
        on
            placed_rows.change_id = row_counts.change_id
            and row_counts.service_count = 1
    group by
        placed_rows.event_date,
        placed_rows.group_id,
        placed_rows.team_id,
        placed_rows.service_id,
        placed_rows.tier
{%- endset -%}
{%- do steps.append(['lone_changes', lone_changes]) -%}

{%- set shared_changes -%}
    select
        placed_rows.change_id,
        placed_rows.event_date,
        placed_rows.group_id,
        placed_rows.team_id,
        placed_rows.service_id,
        placed_rows.tier,
        placed_rows.is_linked
    from placed_rows
    inner join row_counts
        on
            placed_rows.change_id = row_counts.change_id
            and row_counts.service_count > 1
{%- endset -%}
{%- do steps.append(['shared_changes', shared_changes]) -%}

{%- set lone_segments -%}
    {{ dora_segments('lone_changes', ['event_date', 'merged', 'linked']) }}
{%- endset -%}
{%- do steps.append(['lone_segments', lone_segments]) -%}

{%- set shared_segments -%}
    {{ dora_segments('shared_changes', ['change_id', 'event_date', 'is_linked']) }}
{%- endset -%}
{%- do steps.append(['shared_segments', shared_segments]) -%}

{%- set change_days -%}
    select
        event_date,
        segment_type,
        segment_id,
        merged,
        linked
    from lone_segments
    union all
    select
        event_date,
        segment_type,
        segment_id,
        count(*) as merged,
        sum(is_linked) as linked
    from (
        select
            change_id,
            event_date,
            segment_type,
            segment_id,
            max(is_linked) as is_linked
        from shared_segments
        group by change_id, event_date, segment_type, segment_id
    ) as once
    group by event_date, segment_type, segment_id
{%- endset -%}
{%- do steps.append(['change_days', change_days]) -%}

{%- set merged_changes -%}
    select
        days.period_grain,
        days.period_start,
        change_days.segment_type,
        change_days.segment_id,
        sum(change_days.merged) as merged_changes,
        sum(change_days.linked) as linked_changes
    from change_days
    inner join days
        on change_days.event_date = days.date_day
    group by days.period_grain, days.period_start, change_days.segment_type, change_days.segment_id
{%- endset -%}
{%- do steps.append(['merged_changes', merged_changes]) -%}

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

{%- set open_incidents -%}
    select
        period_grain,
        period_start,
        segment_type,
        segment_id,
        count(*) as open_count,
        cast(sum(age_seconds) as double) / count(*) / 3600 as open_age_hours,
        cast(max(age_seconds) as double) / 3600 as open_oldest_age_hours
    from open_ages
    group by period_grain, period_start, segment_type, segment_id
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
        banded.weekly_median as weekly_deployment_days_median,
        dora_bands.band as deployment_frequency_band,
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
    left join banded
        on
            spine.segment_type = banded.segment_type
            and spine.segment_id = banded.segment_id
            and last_weeks.week_start = banded.week_start
    left join {{ ref('dora_bands') }} as dora_bands
        on
            dora_bands.metric = 'deployment_frequency'
            and dora_bands.report_year = {{ var('dora_report_year') }}
            and banded.band_rank = dora_bands.band_rank
{%- endset -%}
{%- do steps.append(['final', final]) -%}

{%- set final -%}
select * from final
{%- endset -%}

{{ config(post_hook="{{ drop_staged_steps(" ~ (steps | map(attribute=0) | list) ~ ") }}") }}

{{ staged_select(steps, final) }}
