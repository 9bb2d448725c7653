{#- Hours after a deployment within which an incident counts against it in the variants of the change failure rate. -#}
{% macro failure_lags() -%}
    {{ return([1, 4, 24, 72]) }}
{%- endmacro %}
