with

days as (

    select * from {{ ref('fct_slo_daily') }}

)

select
    'slo_attainment' as kpi_id,
    slo_id || '|' || cast(slo_date as {{ dbt.type_string() }}) as record_id,
    slo_date as event_date,
    service_id,
    cast(null as {{ dbt.type_string() }}) as team_id,
    cast(null as {{ dbt.type_string() }}) as severity,
    cast(null as {{ dbt.type_string() }}) as provider,
    cast(null as {{ dbt.type_string() }}) as customer_id,
    cast(case when exclusion_reason is null then good else 0 end as decimal(38, 9)) as numerator,
    cast(case when exclusion_reason is null then total else 0 end as decimal(38, 9)) as denominator,
    cast(null as double) as measured,
    exclusion_reason
from days
