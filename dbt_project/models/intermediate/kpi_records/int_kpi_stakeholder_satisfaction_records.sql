with

answers as (

    select * from {{ ref('int_survey_answers') }}
    where measure = 'stakeholder_satisfaction' and wave_date is not null

),

waves as (

    select * from {{ ref('int_survey_waves') }}
    where measure = 'stakeholder_satisfaction'

),

records as (

    select
        'stakeholder_satisfaction' as kpi_id,
        answer_id as record_id,
        wave_date as event_date,
        respondent_function,
        score_sum as numerator,
        respondents as denominator,
        exclusion_reason
    from answers

    union all

    select
        'stakeholder_top_two_box' as kpi_id,
        answer_id as record_id,
        wave_date as event_date,
        respondent_function,
        cast(favourable as decimal(38, 9)) as numerator,
        respondents as denominator,
        case when exclusion_reason is null and favourable is null then 'no_counts' else exclusion_reason end as exclusion_reason
    from answers

    union all

    select
        'stakeholder_response_rate' as kpi_id,
        survey_id || '|' || wave_id || '|' || segment_id as record_id,
        wave_date as event_date,
        segment_id as respondent_function,
        cast(rate_responded as decimal(38, 9)) as numerator,
        rate_invited as denominator,
        rate_exclusion_reason as exclusion_reason
    from waves

)

select
    kpi_id,
    record_id,
    event_date,
    cast(null as {{ dbt.type_string() }}) as service_id,
    cast(null as {{ dbt.type_string() }}) as team_id,
    cast(null as {{ dbt.type_string() }}) as severity,
    cast(null as {{ dbt.type_string() }}) as provider,
    cast(null as {{ dbt.type_string() }}) as customer_id,
    respondent_function,
    cast(case when exclusion_reason is null then numerator else 0 end as decimal(38, 9)) as numerator,
    cast(case when exclusion_reason is null then denominator else 0 end as decimal(38, 9)) as denominator,
    cast(null as double) as measured,
    exclusion_reason
from records
