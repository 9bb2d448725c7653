{%- set steps = [] -%}

{%- set kpis -%}
    select
        kpi_id,
        headline_kpi_id,
        aggregation,
        unit,
        grains,
        interval_method,
        is_people,
        suppression_family,
        sources,
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

{%- set slices -%}
    {{ kpi_slices() }}
{%- endset -%}
{%- do steps.append(['slices', slices]) -%}

{%- set measures -%}
    select
        kpi_id,
        period_grain,
        period_start,
        segment_type,
        segment_id,
        first_event_date,
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

{#- A KPI begins with the first record of its family: before that its sources had nothing to say, and a 0 would be a lie.
    What a family tells of people comes from HR's history, which reaches further back than its other sources. -#}
{%- set beginnings -%}
    select
        kpis.headline_kpi_id,
        kpis.is_people,
        min(measures.first_event_date) as first_date
    from measures
    inner join kpis on measures.kpi_id = kpis.kpi_id
    group by kpis.headline_kpi_id, kpis.is_people
{%- endset -%}
{%- do steps.append(['beginnings', beginnings]) -%}

{%- set landed -%}
    select
        kpi_id,
        landed_through_date
    from {{ ref('int_kpi_landings') }}
{%- endset -%}
{%- do steps.append(['landed', landed]) -%}

{%- set kpi_periods -%}
    select
        kpis.kpi_id,
        kpis.aggregation,
        periods.period_grain,
        periods.period_start,
        periods.period_end,
        landed.landed_through_date,
        {{ is_begun_in_time('kpis.aggregation', 'periods', 'beginnings.first_date') }} as is_begun_in_time
    from kpis
    inner join beginnings on kpis.headline_kpi_id = beginnings.headline_kpi_id and kpis.is_people = beginnings.is_people
    inner join periods
        on beginnings.first_date <= periods.period_end and {{ is_listed('periods.period_grain', 'kpis.grains') }}
    left join landed on kpis.kpi_id = landed.kpi_id
{%- endset -%}
{%- do steps.append(['kpi_periods', kpi_periods]) -%}

{%- set ownership -%}
    select
        service_id,
        team_id,
        group_id,
        tier,
        valid_from,
        valid_to
    from {{ ref('int_service_ownership') }}
{%- endset -%}
{%- do steps.append(['ownership', ownership]) -%}

{%- set existence -%}
    select 'service' as segment_type, service_id as segment_id, valid_from, valid_to
    from ownership
    union all
    select 'team' as segment_type, team_id as segment_id, valid_from, valid_to
    from ownership
    union all
    select 'group' as segment_type, group_id as segment_id, valid_from, valid_to
    from ownership
    union all
    select 'tier' as segment_type, tier as segment_id, valid_from, valid_to
    from ownership
    union all
    select 'team' as segment_type, team_id as segment_id, valid_from, valid_to
    from {{ ref('int_team_groups') }}
    union all
    select 'group' as segment_type, group_id as segment_id, valid_from, valid_to
    from {{ ref('int_team_groups') }}
{%- endset -%}
{%- do steps.append(['existence', existence]) -%}

{#- Segments that no catalogue dates (a provider, a severity, a function, 'unmapped') exist from their first record in the KPI on;
    a customer until its last. -#}
{%- set observed -%}
    select
        measures.kpi_id,
        measures.period_grain,
        measures.segment_type,
        measures.segment_id,
        min(measures.period_start) as first_start,
        case
            when measures.segment_type = 'customer' then max(measures.period_start)
            else date '{{ var("as_of_date") }}'
        end as last_start
    from measures
    where measures.segment_type in ('severity', 'provider', 'customer', 'function', 'work_type') or measures.segment_id = 'unmapped'
    group by measures.kpi_id, measures.period_grain, measures.segment_type, measures.segment_id
{%- endset -%}
{%- do steps.append(['observed', observed]) -%}

{%- set existing -%}
    select
        periods.period_grain,
        periods.period_start,
        existence.segment_type,
        existence.segment_id
    from periods
    inner join existence on existence.valid_from <= periods.period_end and existence.valid_to > periods.period_start
    where existence.segment_id is not null and existence.segment_id <> 'unmapped'
    union
    select
        period_grain,
        period_start,
        'org' as segment_type,
        'org' as segment_id
    from periods
{%- endset -%}
{%- do steps.append(['existing', existing]) -%}

{%- set spine -%}
    select
        kpi_periods.kpi_id,
        existing.period_grain,
        existing.period_start,
        existing.segment_type,
        existing.segment_id
    from kpi_periods
    inner join slices on kpi_periods.kpi_id = slices.kpi_id and kpi_periods.period_grain = slices.period_grain
    inner join existing
        on
            kpi_periods.period_grain = existing.period_grain
            and kpi_periods.period_start = existing.period_start
            and slices.segment_type = existing.segment_type
    union
    select
        kpi_periods.kpi_id,
        kpi_periods.period_grain,
        kpi_periods.period_start,
        observed.segment_type,
        observed.segment_id
    from kpi_periods
    inner join observed
        on
            kpi_periods.kpi_id = observed.kpi_id
            and kpi_periods.period_grain = observed.period_grain
            and kpi_periods.period_start >= observed.first_start
            and kpi_periods.period_start <= observed.last_start
    union
    -- What the catalogue says did not exist and yet has records is shown, not dropped.
    select
        kpi_id,
        period_grain,
        period_start,
        segment_type,
        segment_id
    from measures
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
        coalesce(
            kpi_periods.is_begun_in_time
            and kpi_periods.period_end <= date '{{ var("as_of_date") }}'
            and kpi_periods.landed_through_date >= kpi_periods.period_end,
            false
        ) as is_complete,
        -- A year that began before the data is no year yet; and such years, each longer by a month, would tell the people
        -- of every month apart.
        kpis.aggregation like 'trailing%' and not kpi_periods.is_begun_in_time as is_untold,
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
            measures.kpi_id is not null and (kpis.aggregation not like 'trailing%' or kpi_periods.is_begun_in_time)
        ) as is_suppressed
    from spine
    inner join kpis on spine.kpi_id = kpis.kpi_id
    inner join periods on spine.period_grain = periods.period_grain and spine.period_start = periods.period_start
    inner join kpi_periods
        on
            spine.kpi_id = kpi_periods.kpi_id
            and spine.period_grain = kpi_periods.period_grain
            and spine.period_start = kpi_periods.period_start
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

{#- What a segment was at the end of its period decides which target it is held to. -#}
{%- set services_at_end -%}
    select
        periods.period_grain,
        periods.period_start,
        ownership.service_id,
        ownership.team_id,
        ownership.tier,
        row_number() over (
            partition by periods.period_grain, periods.period_start, ownership.service_id
            order by ownership.valid_from desc
        ) as recency
    from periods
    inner join ownership on ownership.valid_from <= periods.period_end and ownership.valid_to > periods.period_start
{%- endset -%}
{%- do steps.append(['services_at_end', services_at_end]) -%}

{%- set segments -%}
    select
        existing.period_grain,
        existing.period_start,
        existing.segment_type,
        existing.segment_id,
        case when existing.segment_type = 'service' then existing.segment_id end as service_id,
        case existing.segment_type when 'team' then existing.segment_id when 'service' then services.team_id end as team_id,
        case existing.segment_type when 'tier' then existing.segment_id when 'service' then services.tier end as tier
    from existing
    -- A condition on one side alone would turn DuckDB's hash join into nested loops.
    left join (
        select
            period_grain,
            period_start,
            'service' as segment_type,
            service_id,
            team_id,
            tier
        from services_at_end
        where recency = 1
    ) as services
        on
            existing.period_grain = services.period_grain
            and existing.period_start = services.period_start
            and existing.segment_type = services.segment_type
            and existing.segment_id = services.service_id
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
