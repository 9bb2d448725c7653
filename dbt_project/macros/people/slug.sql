{#- Text in lower case, trimmed, with blanks and dashes as _: what seeds compare with.
    Usage: slug('employee_type') -#}
{% macro slug(text) -%}
    replace(replace(lower(trim({{ text }})), ' ', '_'), '-', '_')
{%- endmacro %}
