{#- An amount (decimal(38, 18)) times a rate (decimal(18, 11)), exact to the 18th digit after the point. The two parts of the amount are
    multiplied apart because no engine holds a product with 29 digits after the point beside 20 before it.
    Usage: exchanged('billed_cost', 'rate') -#}
{% macro exchanged(amount, rate) -%}
    cast(
        cast(cast({{ amount }} as decimal(19, 0)) * {{ rate }} as decimal(36, 18))
        + cast(
            cast(cast({{ amount }} as decimal(36, 18)) - cast(cast({{ amount }} as decimal(19, 0)) as decimal(36, 18)) as decimal(18, 18))
            * {{ rate }} as decimal(36, 18)
        ) as decimal(38, 18)
    )
{%- endmacro %}
