-- One row per sum that its parts do not add up to: a quarter and its months, the organisation and what every deployment has
-- one of. Only where each record stands once; the organisation is never made of its parts, so this could fail.
with repeated as (

    select distinct kpi_id
    from {{ ref('int_kpi_repeated_records') }}

),

lone as (

    select kpis.kpi_id
    from {{ ref('dim_kpi') }} as kpis
    left join repeated on kpis.kpi_id = repeated.kpi_id
    where
        not kpis.is_people
        and kpis.aggregation in ('per_day', 'count', 'ratio')
        and repeated.kpi_id is null

),

figures as (

    select
        facts.kpi_id,
        facts.period_grain,
        facts.period_start,
        facts.segment_type,
        facts.segment_id,
        facts.numerator,
        case when kpis.aggregation = 'ratio' then facts.denominator end as denominator,
        days.fiscal_quarter_start_date as quarter_start
    from {{ ref('fct_kpi_values') }} as facts
    inner join lone on facts.kpi_id = lone.kpi_id
    inner join {{ ref('dim_kpi') }} as kpis on facts.kpi_id = kpis.kpi_id
    inner join {{ ref('dim_date') }} as days on facts.period_start = days.date_day

),

months as (

    select
        kpi_id,
        quarter_start,
        segment_type,
        segment_id,
        sum(numerator) as numerator,
        sum(denominator) as denominator
    from figures
    where period_grain = 'month'
    group by kpi_id, quarter_start, segment_type, segment_id

),

parts as (

    select
        kpi_id,
        period_grain,
        period_start,
        segment_type,
        sum(numerator) as numerator,
        sum(denominator) as denominator
    from figures
    where
        kpi_id in ('deployment_frequency', 'change_failure_rate', 'rework_rate')
        and segment_type in ('group', 'team', 'service', 'tier')
    group by kpi_id, period_grain, period_start, segment_type

)

select
    figures.kpi_id,
    figures.period_grain,
    figures.period_start,
    figures.segment_type,
    figures.segment_id,
    'months' as parts,
    figures.numerator,
    months.numerator as numerator_of_parts,
    figures.denominator,
    months.denominator as denominator_of_parts
from figures
inner join months
    on {{ joined_on('figures', 'months', 'kpi_id, segment_type, segment_id') }} and figures.period_start = months.quarter_start
where
    figures.period_grain = 'quarter'
    and (figures.numerator is distinct from months.numerator or figures.denominator is distinct from months.denominator)
union all
select
    figures.kpi_id,
    figures.period_grain,
    figures.period_start,
    figures.segment_type,
    figures.segment_id,
    parts.segment_type as parts,
    figures.numerator,
    parts.numerator as numerator_of_parts,
    figures.denominator,
    parts.denominator as denominator_of_parts
from figures
inner join parts on {{ joined_on('figures', 'parts', 'kpi_id, period_grain, period_start') }}
where
    figures.segment_type = 'org'
    and (figures.numerator is distinct from parts.numerator or figures.denominator is distinct from parts.denominator)
