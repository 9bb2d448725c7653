{#- Select: rows of the relation (which has team_id, group_id, service_id, tier) once per segment that mart_dora has:
    the columns of `keep`, segment_type and segment_id. -#}
{% macro dora_segments(relation, keep) -%}
    {% for segment_type in ['org', 'group', 'team', 'service', 'tier'] -%}
    select
        {% for column in keep -%}
        {{ column }},
        {% endfor -%}
        '{{ segment_type }}' as segment_type,
        {{ kpi_segment_types()[segment_type] }} as segment_id
    from {{ relation }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
{%- endmacro %}
