with

defects as (
    select
        work_item_id,
        service_id,
        found_in,
        {{ business_date('created_at') }} as event_date,
        case when exclusion_reason <> 'negative_span' then exclusion_reason end as exclusion_reason
    from {{ ref('fct_work_items') }}
    where work_type = 'bug'
),

-- One figure of two populations: a defect adds to the numerator, a deployment to the denominator. A defect that may have
-- escaped is left out, so that it shows in the coverage.
escaped_and_deployed as (
    select
        work_item_id as record_id,
        service_id,
        event_date,
        100 as numerator,
        0 as denominator,
        coalesce(exclusion_reason, case when found_in = 'unmapped' then 'unmapped_origin' end) as exclusion_reason
    from defects
    where found_in in ('production', 'unmapped')
    union all
    select
        deployment_id as record_id,
        service_id,
        deployment_date as event_date,
        0 as numerator,
        1 as denominator,
        exclusion_reason
    from {{ ref('fct_deployments') }}
    where is_production
)

select
    {{ kpi_record_columns(
        'escaped_defect_rate', 'work_item_id', 'event_date',
        "coalesce(exclusion_reason, case when found_in = 'unmapped' then 'unmapped_origin' end)",
        numerator="case when found_in = 'production' then 1 else 0 end", denominator='1'
    ) }}
from defects
union all
select
    {{ kpi_record_columns(
        'unmapped_origin_defects', 'work_item_id', 'event_date', 'exclusion_reason',
        numerator="case when found_in = 'unmapped' then 1 else 0 end", denominator='1'
    ) }}
from defects
union all
select
    {{ kpi_record_columns(
        'escaped_defects_per_100_deployments', 'record_id', 'event_date', 'exclusion_reason',
        numerator='numerator', denominator='denominator'
    ) }}
from escaped_and_deployed
