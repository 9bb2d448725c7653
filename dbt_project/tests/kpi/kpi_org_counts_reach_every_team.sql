-- One row per count of a segment that exceeds the organisation's: the whole cannot be less than a part.
select
    part.kpi_id,
    part.period_grain,
    part.period_start,
    part.segment_type,
    part.segment_id,
    part.numerator,
    whole.numerator as org_numerator
from {{ ref('fct_kpi_values') }} as part
inner join {{ ref('dim_kpi') }} as kpis
    on part.kpi_id = kpis.kpi_id and kpis.aggregation in ('per_day', 'count', 'distinct_days')
inner join {{ ref('fct_kpi_values') }} as whole
    on
        part.kpi_id = whole.kpi_id
        and part.period_grain = whole.period_grain
        and part.period_start = whole.period_start
        and whole.segment_type = 'org'
where part.segment_type in ('group', 'team', 'service', 'tier', 'severity', 'work_type') and part.numerator > whole.numerator
