{# The UTC instant at which the last day that counts (var as_of_date) ends: what is open is as old as it is then. #}
{% macro as_of_instant() -%}
    {{ business_day_start(
        "cast(" ~ dbt.dateadd('day', 1, "cast('" ~ var('as_of_date') ~ "' as date)") ~ " as date)"
    ) }}
{%- endmacro %}
