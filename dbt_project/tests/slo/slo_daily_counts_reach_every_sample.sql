-- By occurrences the days of an SLO add up to its samples: no event is lost or counted twice on the way.
with definitions as (

    select
        slo_id,
        document_id
    from {{ ref('int_slo_definitions') }}
    group by slo_id, document_id
    having
        min(budgeting_method) = 'occurrences'
        and max(budgeting_method) = 'occurrences'
        and max(exclusion_reason) is null

),

sampled as (

    select
        slo_id,
        sum(good) as good,
        sum(total) as total
    from {{ ref('int_sli_samples') }}
    where
        exclusion_reason is null
        and {{ business_date('interval_started_at') }} <= cast('{{ var("as_of_date") }}' as date)
    group by slo_id

),

daily as (

    select
        slo_id,
        sum(good) as good,
        sum(total) as total
    from {{ ref('fct_slo_daily') }}
    group by slo_id

)

select
    definitions.slo_id,
    daily.good as good_by_day,
    daily.total as total_by_day
from definitions
left join sampled as by_objective on definitions.slo_id = by_objective.slo_id
left join sampled as by_document on definitions.document_id = by_document.slo_id
left join daily on definitions.slo_id = daily.slo_id
where
    coalesce(by_objective.good, by_document.good, 0) <> coalesce(daily.good, 0)
    or coalesce(by_objective.total, by_document.total, 0) <> coalesce(daily.total, 0)
