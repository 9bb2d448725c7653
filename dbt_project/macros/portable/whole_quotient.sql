{#- Exact quotient of two whole numbers (bigint or decimal(38, 0)) without its fraction (towards zero), as bigint; null where the
    divisor is 0. Decimal division is no substitute: engines differ in the scale of its result, and doubles lose digits.
    Usage: whole_quotient('cents * weight', 'total_weight') -#}
{% macro whole_quotient(dividend, divisor) -%}
    {{ return(adapter.dispatch('whole_quotient')(dividend, divisor)) }}
{%- endmacro %}

{% macro default__whole_quotient(dividend, divisor) -%}
    cast(div(cast({{ dividend }} as decimal(38, 0)), nullif(cast({{ divisor }} as decimal(38, 0)), 0)) as bigint)
{%- endmacro %}

{% macro duckdb__whole_quotient(dividend, divisor) -%}
    cast(cast({{ dividend }} as hugeint) // nullif(cast({{ divisor }} as hugeint), 0) as bigint)
{%- endmacro %}

{% macro spark__whole_quotient(dividend, divisor) -%}
    (cast({{ dividend }} as decimal(38, 0)) div nullif(cast({{ divisor }} as decimal(38, 0)), 0))
{%- endmacro %}
