{#- Join condition: the columns (a list as text, joined by ', ') are equal on both sides. -#}
{% macro joined_on(left, right, columns) -%}
    {%- for column in columns.split(', ') -%}
        {{ left }}.{{ column }} = {{ right }}.{{ column }}{{ ' and ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
