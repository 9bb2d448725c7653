-- One row per KPI of people of which the history tells: two of its states would tell apart those who stand between them.
select
    kpis.kpi_id,
    told.relation_name,
    count(*) as row_count
from (
    select kpi_id, 'fct_kpi_value_history' as relation_name from {{ ref('fct_kpi_value_history') }}
    union all
    select kpi_id, 'fct_kpi_restatements' as relation_name from {{ ref('fct_kpi_restatements') }}
    union all
    select kpi_id, 'int_kpi_record_movements' as relation_name from {{ ref('int_kpi_record_movements') }}
    union all
    select kpi_id, 'fct_kpi_restatement_records' as relation_name from {{ ref('fct_kpi_restatement_records') }}
) as told
inner join {{ ref('dim_kpi') }} as kpis on told.kpi_id = kpis.kpi_id
where kpis.is_people
group by kpis.kpi_id, told.relation_name
