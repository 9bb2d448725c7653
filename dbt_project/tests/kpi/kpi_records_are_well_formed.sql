-- One row per KPI and fault in the records models: each fault would drop records in silence or break a rule above them.
with records as (

    {% for name in kpi_record_models() -%}
    select
        records.kpi_id,
        case
            when kpis.kpi_id is null then 'kpi_id is not in the seed kpis'
            when records.record_id is null then 'record without an id'
            when records.event_date is null then 'record without a day'
            when records.event_date < date '{{ var("calendar_first_date") }}' then 'before the calendar: move var calendar_first_date'
            when records.exclusion_reason is not null and (coalesce(records.numerator, 0) <> 0 or coalesce(records.denominator, 0) <> 0)
                then 'left out, and yet it counts'
            when isnan(records.measured) or abs(records.measured) > 1e300 then 'measured value is not finite'
        end as fault
    from {{ ref(name) }} as records
    left join {{ ref('dim_kpi') }} as kpis on records.kpi_id = kpis.kpi_id
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

)

select
    kpi_id,
    fault,
    count(*) as records
from records
where fault is not null
group by kpi_id, fault
{% for name in kpi_models_of_lone_records() -%}
union all
select
    kpi_id,
    'a record of a model of lone records stands on several rows' as fault,
    count(*) as records
from (
    select
        kpi_id,
        record_id
    from {{ ref(name) }}
    group by kpi_id, record_id
    having count(*) > 1
) as {{ name }}_repeats
group by kpi_id
{% endfor -%}
union all
-- Suppression reckons with sums of people: one who stood on several rows would be in several of them.
select
    repeated.kpi_id,
    'a people KPI repeats a record' as fault,
    count(*) as records
from {{ ref('int_kpi_repeated_records') }} as repeated
inner join {{ ref('dim_kpi') }} as kpis on repeated.kpi_id = kpis.kpi_id
where kpis.is_people
group by repeated.kpi_id
