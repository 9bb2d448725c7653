{#- A select with one row per member of the JSON object in `json_column`: the columns of `keep`, `member_key` and
    `member_value` as text (a string without its quotes). Rows whose column is null or no valid JSON give no row.
    Usage: members as ({{ explode_json_object('tag_texts', ['tags'], 'tags') }}) -#}
{% macro explode_json_object(relation, keep, json_column) -%}
    {{ return(adapter.dispatch('explode_json_object')(relation, keep, json_column)) }}
{%- endmacro %}

{% macro default__explode_json_object(relation, keep, json_column) -%}
    {{ exceptions.raise_compiler_error("explode_json_object is not written for " ~ target.type ~ ": add " ~ target.type ~ "__explode_json_object") }}
{%- endmacro %}

{% macro duckdb__explode_json_object(relation, keep, json_column) -%}
    select
        {% for column in keep -%}
        {{ relation }}.{{ column }},
        {% endfor -%}
        member.key as member_key,
        member.value ->> '$' as member_value
    from {{ relation }}
    cross join json_each(case when json_valid({{ relation }}.{{ json_column }}) then {{ relation }}.{{ json_column }} end) as member
{%- endmacro %}

{% macro spark__explode_json_object(relation, keep, json_column) -%}
    select
        {% for column in keep -%}
        {{ relation }}.{{ column }},
        {% endfor -%}
        member_key,
        member_value
    from {{ relation }}
    lateral view explode(from_json({{ relation }}.{{ json_column }}, 'map<string,string>')) as member_key, member_value
{%- endmacro %}
