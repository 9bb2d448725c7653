{#- A to E, as people read a rating that is measured as 1 to 5 (SonarQube, SQALE). Usage: letter_rating('security_rating') -#}
{% macro letter_rating(column) -%}
    case round({{ column }}, 0) when 1 then 'A' when 2 then 'B' when 3 then 'C' when 4 then 'D' when 5 then 'E' end
{%- endmacro %}
