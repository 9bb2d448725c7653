{#- Which of the records behind published figures are not what they were when they were published last. -#}
{%- set columns = (
    ['kpi_id', 'record_id', 'event_date'] + kpi_place_columns() + ['numerator', 'denominator', 'measured', 'exclusion_reason']
) | join(', ') -%}
{%- set steps = [] -%}

{#- Two states of a record of people would tell apart those who stand between them: they are not kept. -#}
{%- set present -%}
    {% for name in kpi_record_models() | reject('in', kpi_people_models()) -%}
    select
        records.kpi_id,
        records.record_id,
        records.event_date,
        {% for column in kpi_place_columns() -%}
        {{ 'cast(null as ' ~ dbt.type_string() ~ ') as ' ~ column
            if column in kpi_own_columns() and name not in kpi_own_columns()[column] else 'records.' ~ column }},
        {% endfor -%}
        records.numerator,
        records.denominator,
        records.measured,
        records.exclusion_reason
    from {{ ref(name | replace('int_', '')) }} as records
    inner join {{ ref('dim_kpi') }} as kpis on records.kpi_id = kpis.kpi_id
    where not kpis.is_people
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
{%- endset -%}
{%- do steps.append(['present', present]) -%}

{%- set known -%}
    select {{ columns }}
    from {{ ref('stg_ops__published_records') }}
    where replaced_by is null
{%- endset -%}
{%- do steps.append(['known', known]) -%}

{#- The whole record is told again where one of its rows is another: a record counts once, whatever its rows. -#}
{%- set moved -%}
    select distinct
        kpi_id,
        record_id
    from (
        (select {{ columns }} from known except select {{ columns }} from present)
        union all
        (select {{ columns }} from present except select {{ columns }} from known)
    ) as differing
{%- endset -%}
{%- do steps.append(['moved', moved]) -%}

{%- set final -%}
select
    cast(publications.publication as bigint) as publication,
    states.told,
    {% for column in columns.split(', ') -%}
    states.{{ column }}{{ ',' if not loop.last }}
    {% endfor %}
from (
    {% for told, relation in [('before', 'known'), ('after', 'present')] -%}
    select distinct
        '{{ told }}' as told,
        {% for column in columns.split(', ') -%}
        {{ relation }}.{{ column }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ relation }}
    inner join moved on {{ relation }}.kpi_id = moved.kpi_id and {{ relation }}.record_id = moved.record_id
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
) as states
cross join ({{ next_publication() }}) as publications
{%- endset -%}

{{ config(post_hook="{{ drop_staged_steps(" ~ (steps | map(attribute=0) | list) ~ ") }}") }}

{{ staged_select(steps, final) }}
