{#
    A select over named steps, each of which reads earlier steps, some of them several times.

    steps: list of [name, select] or [name, select, needed, without]: where the step `needed` has no rows, the step has
    the rows of the earlier step `without`, so that its select need not run. final: the select that reads the steps; it
    has no `with` of its own. DuckDB keeps each step's rows while the query runs, so common table expressions do. Spark
    copies an expression into each place that reads it, and twenty steps that read their predecessor twice would become
    a million: there a step that is read more than once is written to a table beside the model, which
    `drop_staged_steps` (a post-hook of the model) removes again.
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
{%- set reads = relations_read(steps, final) %}
with

{% for step in steps -%}
{{ step[0] }} as {{ 'materialized ' if is_worth_keeping(step, reads) }}(
{{ step[1] }}
){{ "," if not loop.last }}

{% endfor -%}
{{ final }}
{% endmacro %}

{# Names of what steps and final read, as often as they read it. #}
{% macro relations_read(steps, final) -%}
    {{- return(modules.re.findall('(?i)\\b(?:from|join)\\s+(\\w+)', (steps | map(attribute=1) | list + [final]) | join(' '))) -}}
{%- endmacro %}

{# Is the step [name, select] read more than once by the others? One that only names a relation is no work to repeat. #}
{% macro is_worth_keeping(step, reads) -%}
    {{- return(reads.count(step[0]) > 1 and not modules.re.fullmatch('(?i)\\s*select \\* from \\S+\\s*', step[1])) -}}
{%- endmacro %}

{% macro spark__staged_select(steps, final) %}
    {%- if not execute or flags.WHICH not in ['build', 'run'] -%}
        {{- return(default__staged_select(steps, final)) -}}
    {%- endif -%}
    {%- set selects, has_rows = {}, {} -%}
    {%- set reads = relations_read(steps, final) -%}
    {%- for step in steps -%}
        {%- set needed = step[2] if step | length > 2 else none -%}
        {%- if needed and needed not in has_rows -%}
            {%- do has_rows.update({needed: run_query(over_steps(selects, 'select 1 from ' ~ needed ~ ' limit 1')) | length > 0}) -%}
        {%- endif -%}
        {%- if needed and not has_rows[needed] -%}
            {%- do selects.update({step[0]: 'select * from ' ~ step[3]}) -%}
            {%- if has_rows.get(step[3]) == false -%}
                {%- do has_rows.update({step[0]: false}) -%}
            {%- endif -%}
        {%- elif is_worth_keeping(step, reads) -%}
            {%- set table = staged_step_table(step[0]) -%}
            {%- do run_query('drop table if exists ' ~ table) -%}
            {%- do run_query('create table ' ~ table ~ ' using parquet as ' ~ over_steps(selects, step[1])) -%}
            {%- do selects.update({step[0]: 'select * from ' ~ table}) -%}
        {%- else -%}
            {%- do selects.update({step[0]: step[1]}) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ over_steps(selects, final) }}
{% endmacro %}

{# `select` with those of the earlier steps (`selects`: name: select) as expressions that it reads, directly or not. #}
{% macro over_steps(selects, select) %}
    {%- set texts, expressions = [select], [] -%}
    {%- for name, text in selects.items() | list | reverse if modules.re.search('\\b' ~ name ~ '\\b', texts | join(' ')) -%}
        {%- do texts.append(text) -%}
        {%- do expressions.append(name ~ ' as (' ~ text ~ ')') -%}
    {%- endfor -%}
    {{- 'with ' ~ expressions | reverse | join(',\n') if expressions }}
{{ select -}}
{% endmacro %}

{% macro staged_step_table(name) -%}
    {{- this.schema ~ '.' ~ this.identifier ~ '__' ~ name -}}
{%- endmacro %}

{# Post-hook of a model that uses staged_select: removes what its steps left behind. names: the steps' names. #}
{% macro drop_staged_steps(names) %}
    {{- return(adapter.dispatch('drop_staged_steps')(names)) -}}
{% endmacro %}

{% macro default__drop_staged_steps(names) %}{% endmacro %}

{% macro duckdb__drop_staged_steps(names) %}{% endmacro %}

{% macro spark__drop_staged_steps(names) %}
    {%- for name in names -%}
        {%- do run_query('drop table if exists ' ~ staged_step_table(name)) -%}
    {%- endfor -%}
{% endmacro %}
