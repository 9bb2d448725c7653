{%- set steps = [] -%}

{%- set kpis -%}
    select
        kpi_id,
        aggregation,
        unit,
        interval_method,
        is_people,
        suppression_family,
        definition_version
    from {{ ref('dim_kpi') }}
{%- endset -%}
{%- do steps.append(['kpis', kpis]) -%}

{%- set periods -%}
    select
        period_grain,
        period_start,
        period_end,
        last_counted_date,
        year_start,
        period_days,
        counted_days,
        year_days
    from {{ ref('int_kpi_periods') }}
{%- endset -%}
{%- do steps.append(['periods', periods]) -%}

{%- set measures -%}
    select
        kpi_id,
        period_grain,
        period_start,
        segment_type,
        segment_id,
        numerator,
        denominator,
        counted,
        excluded,
        unplaced,
        active_days,
        measured_count,
        p50,
        p75,
        p85,
        p90,
        maximum,
        mean
    from {{ ref('int_kpi_measures') }}
{%- endset -%}
{%- do steps.append(['measures', measures]) -%}

{%- set spine -%}
    select
        kpi_id,
        period_grain,
        period_start,
        segment_type,
        segment_id,
        is_begun_in_time,
        is_complete
    from {{ ref('int_kpi_spine') }}
{%- endset -%}
{%- do steps.append(['spine', spine]) -%}

{%- set figures -%}
    select
        spine.kpi_id,
        spine.period_grain,
        spine.period_start,
        periods.period_end,
        periods.period_days,
        spine.segment_type,
        spine.segment_id,
        kpis.aggregation,
        kpis.unit,
        kpis.interval_method,
        kpis.is_people,
        kpis.definition_version,
        spine.is_complete,
        -- A year that began before the data is no year yet; and such years, each longer by a month, would tell the people
        -- of every month apart.
        kpis.aggregation like 'trailing%' and not spine.is_begun_in_time as is_untold,
        case
            when {{ is_over_values('kpis.aggregation') }} then cast(null as decimal(38, 9))
            when kpis.aggregation = 'distinct_days' then cast(coalesce(measures.active_days, 0) as decimal(38, 9))
            else coalesce(measures.numerator, cast(0 as decimal(38, 9)))
        end as numerator,
        case
            when kpis.aggregation = 'per_day' then cast(periods.counted_days as decimal(38, 9))
            when kpis.aggregation in ('ratio', 'trailing_year_ratio')
                then coalesce(measures.denominator, cast(0 as decimal(38, 9)))
            when kpis.aggregation = 'trailing_year_rate'
                then cast(cast(coalesce(measures.denominator, 0) as double) / periods.year_days as decimal(38, 9))
        end as denominator,
        case
            when {{ is_over_values('kpis.aggregation') }} then coalesce(measures.measured_count, 0)
            when kpis.is_people then cast(round(coalesce(suppression.population, 0), 0) as bigint)
            else coalesce(measures.counted, 0)
        end as sample_size,
        measures.p50,
        measures.p75,
        measures.p85,
        measures.p90,
        measures.maximum,
        measures.mean,
        cast(
            case
                when {{ is_over_values('kpis.aggregation') }} then coalesce(measures.measured_count, 0) else measures.counted
            end
            as double
        ) / nullif(measures.counted + measures.unplaced, 0) as coverage,
        case
            when kpis.is_people and coalesce(suppression.population, 0) = 0 then null
            else coalesce(measures.excluded, 0)
        end as excluded,
        -- Figures of people that nobody weighed are not told.
        kpis.is_people
        and coalesce(
            suppression.is_suppressed,
            measures.kpi_id is not null and (kpis.aggregation not like 'trailing%' or spine.is_begun_in_time)
        ) as is_suppressed
    from spine
    inner join kpis on spine.kpi_id = kpis.kpi_id
    inner join periods on spine.period_grain = periods.period_grain and spine.period_start = periods.period_start
    left join measures
        on
            spine.kpi_id = measures.kpi_id
            and spine.period_grain = measures.period_grain
            and spine.period_start = measures.period_start
            and spine.segment_type = measures.segment_type
            and spine.segment_id = measures.segment_id
    left join {{ ref('int_kpi_suppression') }} as suppression
        on
            kpis.suppression_family = suppression.suppression_family
            and {{ window_start('kpis.aggregation', 'periods') }} = suppression.window_start
            and periods.last_counted_date = suppression.window_end
            and spine.segment_type = suppression.segment_type
            and spine.segment_id = suppression.segment_id
{%- endset -%}
{%- do steps.append(['figures', figures]) -%}

{%- set valued -%}
    select
        kpi_id,
        period_grain,
        period_start,
        period_end,
        period_days,
        segment_type,
        segment_id,
        unit,
        definition_version,
        is_complete,
        is_suppressed,
        case when not is_hidden then numerator end as numerator,
        case when not is_hidden then denominator end as denominator,
        case
            when is_hidden then null
            when aggregation = 'median' then p50
            when aggregation = 'p85' then p85
            when aggregation = 'p90' then p90
            when aggregation = 'maximum' then maximum
            when aggregation in ('count', 'distinct_days') then cast(numerator as double)
            else cast(numerator as double) / nullif(cast(denominator as double), 0)
        end as value,
        case when not is_hidden then sample_size end as sample_size,
        case when not is_hidden then p50 end as p50,
        case when not is_hidden then p75 end as p75,
        case when not is_hidden then p90 end as p90,
        case when not is_hidden then mean end as mean,
        case when not is_hidden and interval_method = 'wilson' then {{ wilson_bound('numerator', 'denominator', 'low') }} end as low,
        case when not is_hidden and interval_method = 'wilson' then {{ wilson_bound('numerator', 'denominator', 'high') }} end as high,
        case when not is_hidden then coverage end as coverage,
        case when not is_hidden then excluded end as excluded
    from (
        select
            figures.*,
            is_suppressed or is_untold as is_hidden
        from figures
    ) as figures
{%- endset -%}
{%- do steps.append(['valued', valued]) -%}

{%- set segments -%}
    select
        period_grain,
        period_start,
        segment_type,
        segment_id,
        service_id,
        team_id,
        tier
    from {{ ref('int_kpi_segments') }}
{%- endset -%}
{%- do steps.append(['segments', segments]) -%}

{%- set targets -%}
    select
        kpi_id,
        nullif(tier, '') as tier,
        nullif(team_id, '') as team_id,
        nullif(service_id, '') as service_id,
        valid_from,
        coalesce(valid_to, date '9999-12-31') as valid_to,
        comparator,
        target,
        target_upper,
        case when nullif(service_id, '') is not null then 8 else 0 end
        + case when nullif(team_id, '') is not null then 4 else 0 end
        + case when nullif(tier, '') is not null then 2 else 0 end as specificity
    from {{ ref('kpi_targets') }}
    union all
    -- A service that no row of the seed covers is held to its own objectives: the laxest, as its events are summed.
    select
        'slo_attainment' as kpi_id,
        cast(null as {{ dbt.type_string() }}) as tier,
        cast(null as {{ dbt.type_string() }}) as team_id,
        service_id,
        valid_from,
        valid_to,
        'at_least' as comparator,
        cast(objective as double) as target,
        cast(null as double) as target_upper,
        1 as specificity
    from {{ ref('int_slo_definitions') }}
    where exclusion_reason is null
{%- endset -%}
{%- do steps.append(['targets', targets]) -%}

{%- set targeted -%}
    select
        valued.kpi_id,
        valued.period_grain,
        valued.period_start,
        valued.segment_type,
        valued.segment_id,
        targets.comparator,
        targets.target,
        targets.target_upper,
        row_number() over (
            partition by
                valued.kpi_id, valued.period_grain, valued.period_start, valued.segment_type, valued.segment_id
            order by targets.specificity desc, targets.valid_from desc, targets.target asc, targets.comparator asc
        ) as precedence
    from valued
    left join segments
        on
            valued.period_grain = segments.period_grain
            and valued.period_start = segments.period_start
            and valued.segment_type = segments.segment_type
            and valued.segment_id = segments.segment_id
    inner join targets
        on
            valued.kpi_id = targets.kpi_id
            and valued.period_end >= targets.valid_from
            and valued.period_end < targets.valid_to
            and (targets.tier is null or targets.tier = segments.tier)
            and (targets.team_id is null or targets.team_id = segments.team_id)
            and (targets.service_id is null or targets.service_id = segments.service_id)
{%- endset -%}
{%- do steps.append(['targeted', targeted]) -%}

{%- set first_complete -%}
    select
        kpi_id,
        period_grain,
        segment_type,
        segment_id,
        min(period_start) as first_start
    from valued
    where is_complete and value is not null
    group by kpi_id, period_grain, segment_type, segment_id
{%- endset -%}
{%- do steps.append(['first_complete', first_complete]) -%}

{%- set baselines -%}
    select
        valued.kpi_id,
        valued.period_grain,
        valued.segment_type,
        valued.segment_id,
        {{ exact_mean('valued.value') }} as baseline
    from valued
    inner join first_complete
        on
            valued.kpi_id = first_complete.kpi_id
            and valued.period_grain = first_complete.period_grain
            and valued.segment_type = first_complete.segment_type
            and valued.segment_id = first_complete.segment_id
    -- Periods that lie in the baseline's days by at least half; the first one always.
    where
        valued.is_complete
        and (
            valued.period_start = first_complete.first_start
            or {{ dbt.datediff('first_complete.first_start', 'valued.period_start', 'day') }} * 2 + valued.period_days
            <= {{ var('baseline_days') }} * 2
        )
    group by valued.kpi_id, valued.period_grain, valued.segment_type, valued.segment_id
{%- endset -%}
{%- do steps.append(['baselines', baselines]) -%}

{%- set final -%}
select
    valued.kpi_id,
    valued.period_grain,
    valued.period_start,
    valued.period_end,
    valued.segment_type,
    valued.segment_id,
    valued.numerator,
    valued.denominator,
    valued.value,
    valued.unit,
    cast(valued.sample_size as bigint) as sample_size,
    valued.p50,
    valued.p75,
    valued.p90,
    valued.mean,
    valued.low,
    valued.high,
    valued.coverage,
    cast(valued.excluded as bigint) as excluded,
    valued.is_complete,
    targeted.target,
    targeted.target_upper,
    case
        when valued.is_suppressed then 'suppressed'
        when valued.value is null then 'no_data'
        when targeted.target is null then 'no_target'
        when
            (targeted.comparator = 'at_least' and valued.value >= targeted.target)
            or (targeted.comparator = 'above' and valued.value > targeted.target)
            or (targeted.comparator = 'at_most' and valued.value <= targeted.target)
            or (targeted.comparator = 'below' and valued.value < targeted.target)
            or (targeted.comparator = 'between' and valued.value between targeted.target and targeted.target_upper)
            then 'met'
        else 'missed'
    end as status,
    baselines.baseline,
    (valued.value - baselines.baseline) / nullif(abs(baselines.baseline), 0) as baseline_change,
    valued.definition_version
from valued
left join targeted
    on
        valued.kpi_id = targeted.kpi_id
        and valued.period_grain = targeted.period_grain
        and valued.period_start = targeted.period_start
        and valued.segment_type = targeted.segment_type
        and valued.segment_id = targeted.segment_id
        and targeted.precedence = 1
left join baselines
    on
        valued.kpi_id = baselines.kpi_id
        and valued.period_grain = baselines.period_grain
        and valued.segment_type = baselines.segment_type
        and valued.segment_id = baselines.segment_id
{%- endset -%}

{{ config(post_hook="{{ drop_staged_steps(" ~ (steps | map(attribute=0) | list) ~ ") }}") }}

{{ staged_select(steps, final) }}
