{#- Bound of the 95 % Wilson score interval of a share (E. B. Wilson, 1927), double in 0..1; side is 'low' or 'high'.
    z = 1.959963984540054, the two-sided 95 % point of the normal distribution. Null without trials, or where the
    counts are no share (successes below 0 or above the trials). -#}
{% macro wilson_bound(successes, trials, side) -%}
    {%- set z = '1.959963984540054e0' -%}
    {%- set n = 'cast(' ~ trials ~ ' as double)' -%}
    {%- set p = '(cast(' ~ successes ~ ' as double) / nullif(' ~ n ~ ', 0))' -%}
    case
        when {{ trials }} > 0 and {{ successes }} between 0 and {{ trials }}
            -- The formula encloses the share and stays in 0..1; only its rounding can step over in the last place.
            then {{ 'greatest(0e0, least(' ~ p ~ ', ' if side == 'low' else 'least(1e0, greatest(' ~ p ~ ', ' }}
                ({{ p }} + {{ z }} * {{ z }} / (2 * {{ n }}) {{ '-' if side == 'low' else '+' }} {{ z }} * sqrt({{ p }} * (1 - {{ p }}) / {{ n }} + {{ z }} * {{ z }} / (4 * {{ n }} * {{ n }})))
                / (1 + {{ z }} * {{ z }} / {{ n }})
            ))
    end
{%- endmacro %}
