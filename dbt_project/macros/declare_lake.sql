{#- On Spark, the raw and ops tables are Parquet folders that the loader exported to <home>/lake/<schema>/<table>/:
    declare each as a table under its name, from the columns of its contract. On DuckDB they already are tables. -#}
{% macro declare_lake() -%}
    {%- if execute and target.type == 'spark' and flags.WHICH in ('run', 'build', 'test', 'seed') -%}
        {%- set lake = env_var('METRICS_HOME', 'data') ~ '/lake' -%}
        {%- set schemas, read = [], [] -%}
        {%- for node in graph.nodes.values() -%}
            {%- do read.extend(node.depends_on.nodes) -%}
        {%- endfor -%}
        {#- Sources that no model reads (the ledger of builds, say) need not have been exported. -#}
        {%- for node in graph.sources.values() | selectattr('unique_id', 'in', read) | sort(attribute='unique_id') -%}
            {%- if node.schema not in schemas -%}
                {%- do schemas.append(node.schema) -%}
                {%- do run_query('create schema if not exists ' ~ node.schema) -%}
            {%- endif -%}
            {%- do run_query('drop table if exists ' ~ node.schema ~ '.' ~ node.name) -%}
            {%- do run_query(
                'create table ' ~ node.schema ~ '.' ~ node.name
                ~ " using parquet location '" ~ lake ~ '/' ~ node.schema ~ '/' ~ node.name ~ "'"
            ) -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
