{#- decimal(38, 18) of a number inside JSON text, E-notation as well; null for anything else. Columns are cast by the loader; this is for members
    of JSON only. E-notation goes through a double, which holds the 15 digits that such numbers have.
    Usage: decimal_from_text(json_text('credit', 'amount')) -#}
{% macro decimal_from_text(text) -%}
    case
        when {{ matches_pattern(text, "'^-?[0-9]{1,18}([.][0-9]*)?$'") }} then cast({{ text }} as decimal(38, 18))
        when {{ matches_pattern(text, "'^-?[0-9]([.][0-9]*)?[eE][-+]?[0-9]{1,2}$'") }} then cast(cast({{ text }} as double) as decimal(38, 18))
    end
{%- endmacro %}
