with tensions as (

    select
        tension_id,
        first_kpi_id,
        second_kpi_id,
        noise_share,
        why
    from {{ ref('kpi_tensions') }}

),

-- Where a control chart has limits, a move is a signal of it; where it has none, a distance from the baseline.
moves as (

    select
        facts.kpi_id,
        facts.period_grain,
        facts.period_start,
        facts.period_end,
        facts.segment_type,
        facts.segment_id,
        facts.value,
        facts.baseline,
        facts.baseline_change,
        charts.signal,
        coalesce(charts.limits_status, 'none') <> 'none' as has_limits,
        charts.is_improvement as is_signal_improvement,
        case kpis.direction when 'up' then 1 when 'down' then -1 end * sign(facts.baseline_change) as heading
    from {{ ref('fct_kpi_values') }} as facts
    inner join {{ ref('dim_kpi') }} as kpis on facts.kpi_id = kpis.kpi_id
    left join {{ ref('fct_kpi_control_chart') }} as charts
        on
            facts.kpi_id = charts.kpi_id
            and facts.period_grain = charts.period_grain
            and facts.period_start = charts.period_start
            and facts.segment_type = charts.segment_type
            and facts.segment_id = charts.segment_id
    where facts.is_complete and facts.value is not null and kpis.direction in ('up', 'down')

),

paired as (

    select
        tensions.tension_id,
        firsts.period_grain,
        firsts.period_start,
        firsts.period_end,
        firsts.segment_type,
        firsts.segment_id,
        tensions.first_kpi_id,
        firsts.value as first_value,
        firsts.baseline as first_baseline,
        firsts.signal as first_signal,
        case
            when firsts.has_limits then firsts.is_signal_improvement
            when abs(firsts.baseline_change) >= tensions.noise_share then firsts.heading > 0
        end as is_first_improvement,
        tensions.second_kpi_id,
        seconds.value as second_value,
        seconds.baseline as second_baseline,
        seconds.signal as second_signal,
        case
            when seconds.has_limits then seconds.is_signal_improvement
            when abs(seconds.baseline_change) >= tensions.noise_share then seconds.heading > 0
        end as is_second_improvement,
        tensions.why
    from tensions
    inner join moves as firsts on tensions.first_kpi_id = firsts.kpi_id
    inner join moves as seconds
        on
            tensions.second_kpi_id = seconds.kpi_id
            and firsts.period_grain = seconds.period_grain
            and firsts.period_start = seconds.period_start
            and firsts.segment_type = seconds.segment_type
            and firsts.segment_id = seconds.segment_id

)

select
    tension_id,
    period_grain,
    period_start,
    period_end,
    segment_type,
    segment_id,
    case when is_first_improvement then first_kpi_id when is_second_improvement then second_kpi_id end as improving_kpi_id,
    case when is_first_improvement then second_kpi_id when is_second_improvement then first_kpi_id end as worsening_kpi_id,
    first_kpi_id,
    first_value,
    first_baseline,
    first_signal,
    is_first_improvement,
    second_kpi_id,
    second_value,
    second_baseline,
    second_signal,
    is_second_improvement,
    why
from paired
where is_first_improvement <> is_second_improvement
