{# How far a link found by a method may be trusted, 0 to 1 (var link_confidence). method: an expression that yields it. #}
{% macro link_confidence(method) -%}
cast(case {{ method }}
    {%- for name, confidence in var('link_confidence').items() %}
    when '{{ name }}' then {{ confidence }}
    {%- endfor %}
end as double)
{%- endmacro %}
