{#- A macro through which a model depends on the as-of date without naming it. -#}
{% macro counted_until(column) -%}
    cast({{ column }} as date) <= cast('{{ var("as_of_date") }}' as date)
{%- endmacro %}
