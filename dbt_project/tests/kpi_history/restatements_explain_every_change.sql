-- One row per figure that was published anew, and whose records that moved do not add up to the difference.
with restated as (

    select
        history.kpi_id,
        history.period_grain,
        history.period_start,
        history.segment_type,
        history.segment_id,
        history.version,
        history.restated_by,
        kpis.aggregation,
        cast(history.numerator as decimal(36, 9)) - cast(before.numerator as decimal(36, 9)) as numerator_change,
        cast(history.denominator as decimal(36, 9)) - cast(before.denominator as decimal(36, 9)) as denominator_change
    from {{ ref('fct_kpi_value_history') }} as history
    inner join {{ ref('dim_kpi') }} as kpis on history.kpi_id = kpis.kpi_id
    inner join {{ ref('fct_kpi_value_history') }} as before
        on
            {{ joined_on('history', 'before', 'kpi_id, period_grain, period_start, segment_type, segment_id') }}
            and history.version = before.version + 1
    -- What was published before publications were numbered has no reasons.
    where history.publication > 0

),

reasons as (

    select
        kpi_id,
        period_grain,
        period_start,
        segment_type,
        segment_id,
        version,
        sum(numerator_change) as numerator_change,
        sum(denominator_change) as denominator_change,
        max(case when reason = 'records_not_kept' then 1 else 0 end) as is_untold
    from {{ ref('fct_kpi_restatements') }}
    group by kpi_id, period_grain, period_start, segment_type, segment_id, version

)

select
    restated.kpi_id,
    restated.period_grain,
    restated.period_start,
    restated.segment_type,
    restated.segment_id,
    restated.version,
    restated.numerator_change,
    reasons.numerator_change as explained_numerator_change,
    restated.denominator_change,
    reasons.denominator_change as explained_denominator_change
from restated
left join reasons
    on {{ joined_on('restated', 'reasons', 'kpi_id, period_grain, period_start, segment_type, segment_id, version') }}
where
    reasons.version is null
    or (
        reasons.is_untold = 0
        and (
            (restated.aggregation in ('per_day', 'count', 'ratio') and restated.numerator_change <> reasons.numerator_change)
            or (restated.aggregation = 'ratio' and restated.denominator_change <> reasons.denominator_change)
        )
    )
