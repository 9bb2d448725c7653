-- Tables that nobody ever delivered are not in use and wait for nothing.
with landed_sources as (

    select
        freshness.system || '.' || coalesce(nullif(expectations.stands_for, ''), freshness.table_name) as source_name,
        max(freshness.landed_through_date) as landed_through_date
    from {{ ref('meta_source_freshness') }} as freshness
    left join {{ ref('source_expectations') }} as expectations
        on freshness.system = expectations.system and freshness.table_name = expectations.table_name
    where freshness.landed_through_date is not null
    group by freshness.system || '.' || coalesce(nullif(expectations.stands_for, ''), freshness.table_name)

)

select
    kpis.kpi_id,
    count(landed_sources.source_name) as landed_source_count,
    min(landed_sources.landed_through_date) as landed_through_date
from {{ ref('dim_kpi') }} as kpis
left join landed_sources on {{ is_listed('landed_sources.source_name', 'kpis.sources') }}
group by kpis.kpi_id
