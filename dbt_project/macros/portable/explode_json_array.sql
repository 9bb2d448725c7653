{#- A select with one row per element of the JSON array in `json_column`: the columns of `keep`, `element_index`
    (bigint, from 0) and the element as text under `as_column` (a string without its quotes, anything else as
    compact JSON, JSON null as null). Rows whose column is null, empty or no array give no row.
    `relation` is a relation or the name of a CTE.
    Usage: exploded as ({{ explode_json_array('source', ['id'], 'members', 'member') }}) -#}
{% macro explode_json_array(relation, keep, json_column, as_column='element') -%}
    {{ return(adapter.dispatch('explode_json_array')(relation, keep, json_column, as_column)) }}
{%- endmacro %}

{% macro default__explode_json_array(relation, keep, json_column, as_column) -%}
    {{ exceptions.raise_compiler_error("explode_json_array is not written for " ~ target.type ~ ": add " ~ target.type ~ "__explode_json_array") }}
{%- endmacro %}

{% macro duckdb__explode_json_array(relation, keep, json_column, as_column) -%}
    select
        {% for column in keep -%}
        {{ column }},
        {% endfor -%}
        unnest(range(cast(json_array_length({{ json_column }}) as bigint))) as element_index,
        unnest(json_extract_string({{ json_column }}, '$[*]')) as {{ as_column }}
    from {{ relation }}
    where json_array_length({{ json_column }}) > 0
{%- endmacro %}

{% macro spark__explode_json_array(relation, keep, json_column, as_column) -%}
    select
        {% for column in keep -%}
        {{ column }},
        {% endfor -%}
        cast(exploded_position as bigint) as element_index,
        exploded_element as {{ as_column }}
    from {{ relation }}
    lateral view posexplode(from_json({{ json_column }}, 'array<string>')) as exploded_position, exploded_element
{%- endmacro %}
