{#- Text of the member at a dotted path ('a.b', 'items[0].name') of a column that holds JSON text; null where
    the member is absent or null. An object or array comes back as compact JSON text.
    Usage: json_text('payload', 'service.name') -#}
{% macro json_text(column, path) -%}
    {{ return(adapter.dispatch('json_text')(column, path)) }}
{%- endmacro %}

{% macro default__json_text(column, path) -%}
    {{ exceptions.raise_compiler_error("json_text is not written for " ~ target.type ~ ": add " ~ target.type ~ "__json_text") }}
{%- endmacro %}

{% macro duckdb__json_text(column, path) -%}
    json_extract_string({{ column }}, '{{ json_path(path, '."', '"') }}')
{%- endmacro %}

{% macro spark__json_text(column, path) -%}
    get_json_object({{ column }}, "{{ json_path(path, "['", "']") }}")
{%- endmacro %}

{#- '$' followed by each step of the dotted path between the given marks; subscripts stay as they are.
    The marks keep names with dashes apart from operators; a quote in a name is refused. -#}
{% macro json_path(path, before, after) -%}
    {%- if '"' in path or "'" in path -%}
        {{ exceptions.raise_compiler_error("json path must not hold quotes: " ~ path) }}
    {%- endif -%}
    {%- set steps = [] -%}
    {%- for step in path.split('.') -%}
        {%- set name = step.split('[')[0] -%}
        {%- set subscripts = step[name | length:] -%}
        {%- do steps.append((before ~ name ~ after if name else '') ~ subscripts) -%}
    {%- endfor -%}
    {{ return('$' ~ (steps | join(''))) }}
{%- endmacro %}
