{%- set series = 'kpi_id, period_grain, segment_type, segment_id' -%}
{#- A chart and the phase of its process, by number: sorted and joined some ten times. -#}
{%- set phase = 'series_id, phase_start' -%}
{%- set rule_names = [
    'minimum_periods', 'kept_periods', 'xmr_factor', 'moving_range_bias', 'sigmas', 'run_length', 'trend_length',
    'zone_share', 'zone_points', 'zone_window', 'laney_minimum_denominator', 'laney_minimum_count', 'rare_count',
] -%}

{%- set steps = [] -%}

{%- set rules -%}
    select
        {% for rule_name in rule_names -%}
        max(case when rule_name = '{{ rule_name }}' then rule_value end) as {{ rule_name }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ ref('control_chart_rules') }}
{%- endset -%}
{%- do steps.append(['rules', rules]) -%}

{%- set complete -%}
    select
        facts.kpi_id,
        facts.period_grain,
        facts.period_start,
        facts.period_end,
        facts.segment_type,
        facts.segment_id,
        facts.value,
        facts.numerator,
        case kpis.chart_kind
            when 'p' then cast(facts.denominator as double)
            when 'u' then cast({{ dbt.datediff('facts.period_start', 'facts.period_end', 'day') }} + 1 as double)
        end as opportunity,
        -- A u chart reckons per day; a KPI shown as a count is that rate times the days of its period.
        case
            when kpis.chart_kind = 'u' and kpis.aggregation = 'count'
                then cast({{ dbt.datediff('facts.period_start', 'facts.period_end', 'day') }} + 1 as double)
            else cast(1 as double)
        end as display_factor,
        kpis.chart_kind
    from {{ ref('fct_kpi_values') }} as facts
    inner join {{ ref('dim_kpi') }} as kpis on facts.kpi_id = kpis.kpi_id
    where facts.is_complete
{%- endset -%}
{%- do steps.append(['complete', complete]) -%}

{%- set changes -%}
    select
        nullif(kpi_id, '') as kpi_id,
        segment_type,
        segment_id,
        changed_on,
        max(why) as why
    from {{ ref('kpi_process_changes') }}
    group by nullif(kpi_id, ''), segment_type, segment_id, changed_on
{%- endset -%}
{%- do steps.append(['changes', changes]) -%}

{%- set charts -%}
    select
        {{ series }},
        row_number() over (order by {% for column in series.split(', ') %}{{ column }} asc{{ ', ' if not loop.last }}{% endfor %}) as series_id
    from (select distinct {{ series }} from complete) as charts
{%- endset -%}
{%- do steps.append(['charts', charts]) -%}

{%- set phases -%}
    select
        complete.kpi_id,
        complete.period_grain,
        complete.segment_type,
        complete.segment_id,
        complete.period_start,
        changes.changed_on as phase_start,
        changes.why,
        row_number() over (
            partition by
                complete.kpi_id,
                complete.period_grain,
                complete.segment_type,
                complete.segment_id,
                complete.period_start
            order by changes.changed_on desc, changes.kpi_id asc nulls last
        ) as recency
    from complete
    inner join changes
        on
            complete.segment_type = changes.segment_type
            and complete.segment_id = changes.segment_id
            and (changes.kpi_id is null or complete.kpi_id = changes.kpi_id)
            and complete.period_start >= changes.changed_on
{%- endset -%}
{%- do steps.append(['phases', phases]) -%}

{%- set points -%}
    select
        charts.series_id,
        coalesce(phases.phase_start, date '1900-01-01') as phase_start,
        complete.period_start,
        complete.period_end,
        complete.value,
        cast(complete.numerator as double) as numerator,
        complete.opportunity,
        complete.display_factor,
        complete.value / complete.display_factor as reckoned,
        complete.chart_kind,
        phases.why as process_change
    from complete
    inner join charts on {{ joined_on('complete', 'charts', series) }}
    left join phases
        on {{ joined_on('complete', 'phases', series ~ ', period_start') }} and phases.recency = 1
{%- endset -%}
{%- do steps.append(['points', points]) -%}

{#- What later steps ask of the points before is fetched here, in one pass over the sorted points. -#}
{%- set in_order -%}
    select
        points.*,
        row_number() over (partition by {{ phase }} order by period_start) as sequence,
        count(value) over (partition by {{ phase }} order by period_start rows between unbounded preceding and current row)
            as position,
        {% for column, distance in [
            ('period_end', 1), ('period_start', 1), ('reckoned', 1), ('opportunity', 1), ('period_end', 2), ('reckoned', 2),
        ] -%}
        lag({{ column }}, {{ distance }}) over (partition by {{ phase }} order by period_start)
            as {{ column }}_{{ distance }}_back{{ ',' if not loop.last }}
        {% endfor %}
    from points
{%- endset -%}
{%- do steps.append(['in_order', in_order]) -%}

{#- A missing period is a gap: no range and no run reaches over it. -#}
{%- set sequenced -%}
    select
        {{ phase }},
        period_start,
        period_end,
        value,
        numerator,
        opportunity,
        display_factor,
        reckoned,
        chart_kind,
        process_change,
        sequence,
        position,
        case when {{ dbt.datediff('period_end_1_back', 'period_start', 'day') }} = 1 then reckoned_1_back end as previous,
        case when {{ dbt.datediff('period_end_1_back', 'period_start', 'day') }} = 1 then opportunity_1_back end
            as previous_opportunity,
        case
            when
                {{ dbt.datediff('period_end_1_back', 'period_start', 'day') }} = 1
                and {{ dbt.datediff('period_end_2_back', 'period_start_1_back', 'day') }} = 1
                then reckoned_2_back
        end as before_previous
    from in_order
{%- endset -%}
{%- do steps.append(['sequenced', sequenced]) -%}

{%- set first_limits -%}
    select
        {{ phase }},
        min(sequenced.period_start) as baseline_start,
        count(*) as baseline_periods,
        {{ exact_mean('sequenced.reckoned') }} as mean_value,
        {{ exact_mean('abs(sequenced.reckoned - sequenced.previous)') }} as mean_range,
        cast(sum(cast(sequenced.numerator as decimal(38, 9))) as double) as numerators,
        cast(sum(cast(sequenced.opportunity as decimal(38, 9))) as double) as opportunities
    from sequenced
    cross join rules
    where sequenced.value is not null and sequenced.position <= rules.kept_periods
    group by {{ phase }}
{%- endset -%}
{%- do steps.append(['first_limits', first_limits]) -%}

{%- set centred -%}
    select
        sequenced.*,
        first_limits.baseline_start,
        first_limits.baseline_periods,
        first_limits.mean_range,
        first_limits.baseline_periods < rules.minimum_periods
        or (sequenced.chart_kind = 'u' and first_limits.numerators / first_limits.baseline_periods < rules.rare_count)
            as is_unlimited,
        case
            when sequenced.chart_kind in ('p', 'u') then first_limits.numerators / nullif(first_limits.opportunities, 0)
            when sequenced.chart_kind = 'xmr' then first_limits.mean_value
        end as centre,
        case sequenced.chart_kind
            when 'p' then first_limits.opportunities / first_limits.baseline_periods >= rules.laney_minimum_denominator
            when 'u' then first_limits.numerators / first_limits.baseline_periods >= rules.laney_minimum_count
            else false
        end as is_prime
    from sequenced
    inner join first_limits on {{ joined_on('sequenced', 'first_limits', phase) }}
    cross join rules
{%- endset -%}
{%- do steps.append(['centred', centred]) -%}

{%- set spread -%}
    select
        centred.*,
        {% for sigma, exposure in [('sigma', 'opportunity'), ('previous_sigma', 'previous_opportunity')] -%}
        case chart_kind
            -- Rounding can carry a pooled share a hair over 1, whose root would be no number.
            when 'p' then sqrt(greatest(centre * (1 - centre), 0e0) / nullif({{ exposure }}, 0))
            when 'u' then sqrt(greatest(centre, 0e0) / nullif({{ exposure }}, 0))
        end as {{ sigma }}{{ ',' if not loop.last }}
        {% endfor %}
    from centred
{%- endset -%}
{%- do steps.append(['spread', spread]) -%}

{%- set ranged -%}
    select
        spread.*,
        abs((reckoned - centre) / nullif(sigma, 0) - (previous - centre) / nullif(previous_sigma, 0)) as z_range
    from spread
{%- endset -%}
{%- do steps.append(['ranged', ranged]) -%}

{%- set laney -%}
    select
        {{ phase }},
        {{ exact_mean('z_range') }} / max(rules.moving_range_bias) as sigma_z
    from ranged
    cross join rules
    where ranged.value is not null and ranged.position <= rules.kept_periods
    group by {{ phase }}
{%- endset -%}
{%- do steps.append(['laney', laney]) -%}

{%- set limited -%}
    select
        ranged.*,
        case
            when ranged.is_unlimited then null
            when ranged.chart_kind = 'xmr' then rules.xmr_factor * ranged.mean_range
            when ranged.is_prime then rules.sigmas * ranged.sigma * coalesce(laney.sigma_z, 1)
            else rules.sigmas * ranged.sigma
        end as half_width,
        case
            when ranged.chart_kind = 'none' or ranged.is_unlimited then 'none'
            when ranged.baseline_periods < rules.kept_periods then 'trial'
            else 'kept'
        end as limits_status,
        rules.run_length,
        rules.trend_length,
        rules.zone_share,
        rules.zone_points,
        rules.zone_window
    from ranged
    inner join laney on {{ joined_on('ranged', 'laney', phase) }}
    cross join rules
{%- endset -%}
{%- do steps.append(['limited', limited]) -%}

{#- Nine decimals: what differs by less lies on the line, else rounding alone would make runs and trends. The point before
    has a side and a heading where it has limits: of an XmR chart all points have them, of others those with a spread. -#}
{%- set judged -%}
    select
        limited.*,
        cast(case when half_width is not null then sign(round(reckoned - centre, 9)) end as bigint) as side,
        cast(case when is_previous_limited then sign(round(previous - centre, 9)) end as bigint) as previous_side,
        cast(case when half_width is not null then sign(round(reckoned - previous, 9)) end as bigint) as heading,
        cast(case when is_previous_limited then sign(round(previous - before_previous, 9)) end as bigint) as previous_heading,
        coalesce(round(abs(reckoned - centre) - half_width, 9) > 0, false) as is_beyond_limit,
        cast(
            case when round(abs(reckoned - centre) - half_width * zone_share, 9) > 0 then sign(reckoned - centre) else 0 end
            as bigint
        ) as outer_side
    from (
        select
            limited.*,
            case when chart_kind = 'xmr' then half_width is not null else not is_unlimited and previous_sigma is not null end
                as is_previous_limited
        from limited
    ) as limited
{%- endset -%}
{%- do steps.append(['judged', judged]) -%}

{#- A run or trend is as long as its last point is away from where it began. -#}
{%- set lengths -%}
    select
        judged.*,
        sequence + 1 - max(case when previous is null or side is null or side <> previous_side then sequence end)
            over (partition by {{ phase }} order by period_start rows between unbounded preceding and current row)
            as run_points,
        sequence + 2 - max(case when heading is null or previous_heading is null or heading <> previous_heading then sequence end)
            over (partition by {{ phase }} order by period_start rows between unbounded preceding and current row)
            as trend_points
    from judged
{%- endset -%}
{%- do steps.append(['lengths', lengths]) -%}

{%- set zones -%}
    select
        {% for column in (phase ~ ', period_start').split(', ') -%}
        here.{{ column }},
        {% endfor -%}
        count(*) as near_points
    from judged as here
    inner join judged as near
        on
            {{ joined_on('here', 'near', phase) }}
            and here.outer_side = near.outer_side
            and near.sequence <= here.sequence
            and near.sequence > here.sequence - here.zone_window
    where here.outer_side <> 0
    group by {% for column in (phase ~ ', period_start').split(', ') %}here.{{ column }}{{ ', ' if not loop.last }}{% endfor %}
{%- endset -%}
{%- do steps.append(['zones', zones]) -%}

{%- set signalled -%}
    select
        lengths.*,
        coalesce(lengths.side <> 0 and lengths.run_points >= lengths.run_length, false) as is_run,
        coalesce(lengths.heading <> 0 and lengths.trend_points >= lengths.trend_length, false) as is_trend,
        coalesce(zones.near_points >= lengths.zone_points, false) as is_outer_zone
    from lengths
    left join zones on {{ joined_on('lengths', 'zones', phase ~ ', period_start') }}
{%- endset -%}
{%- do steps.append(['signalled', signalled]) -%}

{%- set final -%}
    select
        signalled.*,
        case
            when is_beyond_limit then 'beyond_limit'
            when is_outer_zone then 'outer_zone'
            when is_run then 'run'
            when is_trend then 'trend'
        end as signal,
        case when is_beyond_limit or is_outer_zone or is_run then side when is_trend then heading end as signal_direction
    from signalled
{%- endset -%}
{%- do steps.append(['final', final]) -%}

{%- set final -%}
select
    charts.kpi_id,
    charts.period_grain,
    final.period_start,
    final.period_end,
    charts.segment_type,
    charts.segment_id,
    value,
    case when is_prime then final.chart_kind || '_prime' else final.chart_kind end as chart_kind,
    case when limits_status <> 'none' then centre * display_factor end as centre,
    -- greatest and least pass over a null: without limits there is no natural bound to show either.
    case
        when half_width is null then null
        when kpis.natural_low is null then (centre - half_width) * display_factor
        else greatest((centre - half_width) * display_factor, kpis.natural_low)
    end as lower_limit,
    case
        when half_width is null then null
        when kpis.natural_high is null then (centre + half_width) * display_factor
        else least((centre + half_width) * display_factor, kpis.natural_high)
    end as upper_limit,
    abs(reckoned - previous) * display_factor as moving_range,
    limits_status,
    baseline_start,
    cast(baseline_periods as bigint) as baseline_periods,
    process_change,
    is_beyond_limit,
    is_run,
    is_trend,
    is_outer_zone,
    signal,
    case signal_direction when 1 then 'up' when -1 then 'down' end as signal_direction,
    case
        when signal is null or kpis.direction not in ('up', 'down') then null
        else (kpis.direction = 'up') = (signal_direction = 1)
    end as is_improvement
from final
inner join charts on final.series_id = charts.series_id
inner join {{ ref('dim_kpi') }} as kpis on charts.kpi_id = kpis.kpi_id
where final.position > 0
{%- endset -%}

{{ config(post_hook="{{ drop_staged_steps(" ~ (steps | map(attribute=0) | list) ~ ") }}") }}

{{ staged_select(steps, final) }}
