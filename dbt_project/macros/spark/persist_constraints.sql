{#- The tables on Spark are Parquet, which holds no constraints. dbt-spark asks for them all the same, because it takes every
    model that does not name a format for Delta. The contract (names and types) is enforced; the constraints hold on DuckDB. -#}
{% macro spark__persist_constraints(relation, model) -%}
{%- endmacro %}
