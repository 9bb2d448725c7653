{%- set rates = {
    'regrettable_attrition': "counts_as_regretted",
    'voluntary_attrition': "termination_kind = 'voluntary'",
    'involuntary_attrition': "termination_kind = 'involuntary'",
    'total_attrition': "true",
} -%}
with

headcount as (

    select * from {{ ref('fct_headcount_daily') }}

),

exits as (

    select * from {{ ref('fct_exits') }}
    where exit_scope = 'company' and exit_date >= cast('{{ var("calendar_first_date") }}' as date)

),

leavers as (

    select
        worker_id || '|' || source_system || '|' || cast(spell_number as {{ dbt.type_string() }}) as record_id,
        exit_date,
        team_id,
        termination_kind,
        is_regretted,
        coalesce(counts_as_regretted, false) as counts_as_regretted,
        exclusion_reason
    from exits

),

person_days as (

    select
        team_id || '|' || cast(headcount_date as {{ dbt.type_string() }}) as record_id,
        headcount_date,
        team_id,
        headcount
    from headcount

),

records as (

    {% for kpi_id, counts in rates.items() %}
        select
            '{{ kpi_id }}' as kpi_id,
            record_id,
            exit_date as event_date,
            team_id,
            case when exclusion_reason is null and {{ counts }} then 1 else 0 end as numerator,
            0 as denominator,
            exclusion_reason
        from leavers

        union all

        select
            '{{ kpi_id }}' as kpi_id,
            record_id,
            headcount_date as event_date,
            team_id,
            0 as numerator,
            headcount as denominator,
            cast(null as {{ dbt.type_string() }}) as exclusion_reason
        from person_days

        union all

    {% endfor %}
    select
        'regretted_unknown_share' as kpi_id,
        record_id,
        exit_date as event_date,
        team_id,
        case when exclusion_reason is null and is_regretted is null then 1 else 0 end as numerator,
        case when exclusion_reason is null then 1 else 0 end as denominator,
        exclusion_reason
    from leavers
    where termination_kind = 'voluntary'

)

select
    kpi_id,
    record_id,
    event_date,
    cast(null as {{ dbt.type_string() }}) as service_id,
    team_id,
    cast(null as {{ dbt.type_string() }}) as severity,
    cast(null as {{ dbt.type_string() }}) as provider,
    cast(null as {{ dbt.type_string() }}) as customer_id,
    cast(numerator as decimal(38, 9)) as numerator,
    cast(denominator as decimal(38, 9)) as denominator,
    cast(null as double) as measured,
    exclusion_reason
from records
