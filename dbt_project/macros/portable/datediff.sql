{#- dbt-spark's own datediff raises an error where a date is null. This one, which `dbt.datediff` picks up on
    Spark, gives null for null and counts crossed boundaries (of days, hours, whole seconds …) as DuckDB does.
    Weeks are refused: DuckDB counts whole sevens of days from an anchor, not ISO weeks; ask dim_date. -#}
{% macro spark__datediff(first_date, second_date, datepart) -%}
    {%- set part = datepart | lower -%}
    {%- if part == 'day' -%}
        cast(datediff({{ second_date }}, {{ first_date }}) as bigint)
    {%- elif part == 'month' -%}
        cast((year({{ second_date }}) - year({{ first_date }})) * 12 + month({{ second_date }}) - month({{ first_date }}) as bigint)
    {%- elif part == 'quarter' -%}
        cast((year({{ second_date }}) - year({{ first_date }})) * 4 + quarter({{ second_date }}) - quarter({{ first_date }}) as bigint)
    {%- elif part == 'year' -%}
        cast(year({{ second_date }}) - year({{ first_date }}) as bigint)
    {%- elif part in ('hour', 'minute', 'second') -%}
        {%- set length = {'hour': 3600, 'minute': 60, 'second': 1}[part] -%}
        cast(floor(unix_seconds(cast({{ second_date }} as timestamp)) / {{ length }}) - floor(unix_seconds(cast({{ first_date }} as timestamp)) / {{ length }}) as bigint)
    {%- else -%}
        {{ exceptions.raise_compiler_error("datediff in " ~ datepart ~ " is not written for Spark") }}
    {%- endif -%}
{%- endmacro %}
