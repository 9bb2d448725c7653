-- One row per figure that cannot be true.
with figures as (

    select
        facts.kpi_id,
        facts.period_grain,
        facts.period_start,
        facts.segment_type,
        facts.segment_id,
        case
            when facts.value < kpis.natural_low then 'value below its natural bound'
            when facts.value > kpis.natural_high then 'value above its natural bound'
            when isnan(facts.value) or abs(facts.value) > 1e300 then 'value is not finite'
            when facts.status <> 'suppressed' and facts.value is null and kpis.aggregation in ('per_day', 'count', 'distinct_days')
                then 'a count is missing'
            when kpis.aggregation in ('ratio', 'trailing_year_rate', 'trailing_year_ratio') and facts.value is not null
                and abs(facts.value * cast(facts.denominator as double) - cast(facts.numerator as double))
                > 1e-6 * greatest(abs(cast(facts.numerator as double)), 1)
                then 'value is not numerator over denominator'
            when kpis.aggregation = 'median' and facts.p50 is not null
                and not (facts.value = facts.p50 and {{ at_most('facts.p50', 'facts.p75') }} and {{ at_most('facts.p75', 'facts.p90') }})
                then 'percentiles are out of order'
            when kpis.aggregation = 'p90' and facts.value <> facts.p90
                or kpis.aggregation = 'p85' and not ({{ at_most('facts.p75', 'facts.value') }} and {{ at_most('facts.value', 'facts.p90') }})
                or kpis.aggregation = 'maximum' and not {{ at_most('facts.p90', 'facts.value') }}
                then 'value is not the percentile that it is named for'
            when facts.low > facts.value or facts.high < facts.value then 'value outside its interval'
            when facts.coverage < 0 or facts.coverage > 1 then 'coverage is no share'
            when (facts.value is null) <> (facts.status in ('no_data', 'suppressed')) then 'status contradicts value'
            when facts.status = 'suppressed'
                and coalesce(
                    cast(facts.numerator as double), cast(facts.denominator as double), facts.value, facts.sample_size, facts.p50,
                    facts.p75, facts.p90, facts.mean, facts.low, facts.high, facts.coverage, facts.excluded
                ) is not null
                then 'a suppressed row tells something'
            when kpis.population_basis = 'denominator' and facts.denominator > 0 and facts.denominator < {{ var('min_group_size') }}
                then 'not suppressed although few people stand behind it'
        end as reason
    from {{ ref('fct_kpi_values') }} as facts
    inner join {{ ref('dim_kpi') }} as kpis on facts.kpi_id = kpis.kpi_id

)

select
    kpi_id,
    period_grain,
    period_start,
    segment_type,
    segment_id,
    reason
from figures
where reason is not null
