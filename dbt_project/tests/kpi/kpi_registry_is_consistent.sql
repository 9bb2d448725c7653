-- One row per KPI of the registry that says something the fabric cannot do, or could not protect.
with kpis as (

    select
        kpi_id,
        case
            when aggregation not in ('per_day', 'count', 'distinct_days', 'ratio', 'median', 'p85', 'p90', 'maximum', 'trailing_year_rate', 'trailing_year_ratio')
                then 'unknown aggregation'
            when chart_kind not in ('xmr', 'p', 'u', 'none') then 'unknown chart kind'
            when interval_method not in ('wilson', 'none') then 'unknown interval method'
            when direction not in ('up', 'down', 'band', 'none') then 'unknown direction'
            when chart_kind = 'p' and aggregation <> 'ratio' then 'a p chart needs a ratio'
            when aggregation like 'trailing%' and {{ is_listed("'week'", 'grains') }} then 'a trailing year ends with a month'
            when
                aggregation like 'trailing%'
                and not ({{ is_listed("'month'", 'grains') }} or {{ is_listed("'quarter'", 'grains') }})
                then 'a trailing year is a sum of months or quarters'
            when is_people and population_basis not in ('headcount', 'denominator', 'sample', 'family') then 'unknown population basis'
            when
                suppressed_with is not null
                and suppressed_with not in (
                    select leaders.suppression_family
                    from {{ ref('dim_kpi') }} as leaders
                    where leaders.is_people and leaders.suppressed_with is null
                )
                then 'suppressed with a family that is none, or follows another'
            when
                population_basis = 'family'
                and suppression_family || '/' || grains || '/' || segments not in (
                    select weighed.suppression_family || '/' || weighed.grains || '/' || weighed.segments
                    from {{ ref('dim_kpi') }} as weighed
                    where weighed.is_people and weighed.population_basis <> 'family'
                )
                then 'no other of its family weighs its cells'
            when not {{ is_listed('cadence', 'grains') }} then 'cadence is no grain of it'
        end as fault
    from {{ ref('dim_kpi') }}

)

select
    kpi_id,
    fault
from kpis
where fault is not null
union all
select
    kpi_id,
    'var dora_report_year has no bands in the seed dora_bands' as fault
from {{ ref('dim_kpi') }}
where
    kpi_id = 'deployment_frequency'
    and kpi_id not in (
        select bands.metric
        from {{ ref('dora_bands') }} as bands
        where bands.report_year = {{ var('dora_report_year') }}
    )
