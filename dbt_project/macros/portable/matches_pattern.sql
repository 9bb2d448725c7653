{#- True where the text contains a match of the regular expression; both are SQL (a column of a seed, a literal).
    Keep to what RE2 and Java share: classes, groups, alternation, anchors, (?i).
    Usage: matches_pattern('login', 'patterns.pattern') -#}
{% macro matches_pattern(text, pattern) -%}
    {{ return(adapter.dispatch('matches_pattern')(text, pattern)) }}
{%- endmacro %}

{% macro default__matches_pattern(text, pattern) -%}
    ({{ text }} ~ {{ pattern }})
{%- endmacro %}

{% macro duckdb__matches_pattern(text, pattern) -%}
    regexp_matches({{ text }}, {{ pattern }})
{%- endmacro %}

{% macro spark__matches_pattern(text, pattern) -%}
    ({{ text }} rlike {{ pattern }})
{%- endmacro %}
