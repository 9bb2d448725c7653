-- Days with a numerator cannot be counted twice, so distinct_days never repeats.
{% for name in kpi_record_models() if name not in kpi_models_of_lone_records() -%}
select
    records.kpi_id,
    records.record_id
from {{ ref(name) }} as records
inner join {{ ref('dim_kpi') }} as kpis on records.kpi_id = kpis.kpi_id
where
    kpis.aggregation <> 'distinct_days'
    and {{ in_calendar('records') }}
group by records.kpi_id, records.record_id
having count(*) > 1
{% if not loop.last %}union all{% endif %}
{% endfor %}
