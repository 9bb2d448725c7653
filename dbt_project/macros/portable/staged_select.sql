{#
    A select over named steps, each of which reads earlier steps, some of them twice.

    steps: list of [name, select]; final: the select that reads them. DuckDB keeps each step's rows while the
    query runs, so common table expressions do. Spark copies an expression into each place that reads it, and
    twenty steps that read their predecessor twice would become a million: there each step is written to a table
    beside the model, which `drop_staged_steps` (a post-hook of the model) removes again.
#}
{% macro staged_select(steps, final) %}
    {{- return(adapter.dispatch('staged_select')(steps, final)) -}}
{% endmacro %}

{% macro default__staged_select(steps, final) %}
with

{% for step in steps -%}
{{ step[0] }} as (
{{ step[1] }}
){{ "," if not loop.last }}

{% endfor -%}
{{ final }}
{% endmacro %}

{% macro duckdb__staged_select(steps, final) %}
with

{% for step in steps -%}
{{ step[0] }} as materialized (
{{ step[1] }}
){{ "," if not loop.last }}

{% endfor -%}
{{ final }}
{% endmacro %}

{% macro spark__staged_select(steps, final) %}
    {%- if execute and flags.WHICH in ['build', 'run'] -%}
        {%- for step in steps -%}
            {%- set kept = this.schema ~ '.' ~ this.identifier ~ '__' ~ step[0] -%}
            {%- do run_query('drop table if exists ' ~ kept) -%}
            {%- do run_query('create table ' ~ kept ~ ' using parquet as ' ~ step[1]) -%}
            {%- do run_query('create or replace temporary view ' ~ step[0] ~ ' as select * from ' ~ kept) -%}
        {%- endfor -%}
        {{ final }}
    {%- else -%}
        {{ default__staged_select(steps, final) }}
    {%- endif -%}
{% endmacro %}

{# Post-hook of a model that uses staged_select: removes what its steps left behind. names: the steps' names. #}
{% macro drop_staged_steps(names) %}
    {{- return(adapter.dispatch('drop_staged_steps')(names)) -}}
{% endmacro %}

{% macro default__drop_staged_steps(names) %}{% endmacro %}

{% macro duckdb__drop_staged_steps(names) %}{% endmacro %}

{% macro spark__drop_staged_steps(names) %}
    {%- for name in names -%}
        {%- do run_query('drop view if exists ' ~ name) -%}
        {%- do run_query('drop table if exists ' ~ this.schema ~ '.' ~ this.identifier ~ '__' ~ name) -%}
    {%- endfor -%}
{% endmacro %}
