{#- True, false, or null for unknown, from text that people type: anything that says neither yes nor no is unknown. -#}
{% macro tri_state(text) -%}
    case
        when lower(trim({{ text }})) in ('true', 't', 'yes', 'y', '1') then true
        when lower(trim({{ text }})) in ('false', 'f', 'no', 'n', '0') then false
    end
{%- endmacro %}
