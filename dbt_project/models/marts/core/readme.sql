{#- The tables and their questions are those of the manifest, so a new mart is listed by being there. -#}
{%- set tables = [] -%}
{%- if execute -%}
    {%- for node in graph.nodes.values() if node.resource_type == 'model' and node.schema == model.schema -%}
        {%- do tables.append((node.alias, node.config.meta.question)) -%}
    {%- endfor -%}
{%- endif -%}

with introductions as (

    select
        cast(0 as bigint) as position,
        'start here' as topic,
        'What is this?' as question,
        'Figures of an engineering organisation as of {{ var("as_of_date") }}. Ask fct_kpi_values for any KPI, kpi_scorecard '
        || 'for how it stands, dim_kpi for what it means, and the tables kpi_..._records for what is behind it. Periods that '
        || 'still run have is_complete = false. Times are UTC, ratios are 0 to 1, durations carry their unit.' as answer
    union all
    select
        cast(1 as bigint) as position,
        'start here' as topic,
        'Where is a table or column explained?' as question,
        -- A backslash in a literal is one thing to DuckDB and another to Spark.
        'select table_name, column_name, comment from duckdb_columns(); in PostgreSQL ' || chr(92) || 'd+ marts.<table>' as answer

),

tables as (

    {% for name, question in tables | sort -%}
    select
        'table' as topic,
        '{{ dbt.escape_single_quotes(question) }}' as question,
        'marts.{{ name }}' as answer
    {% if not loop.last %}union all{% endif %}
    {% else -%}
    select
        cast(null as {{ dbt.type_string() }}) as topic,
        cast(null as {{ dbt.type_string() }}) as question,
        cast(null as {{ dbt.type_string() }}) as answer
    where 1 = 0
    {%- endfor %}

),

queries as (

    select
        position,
        'query' as topic,
        question,
        query as answer
    from {{ ref('worked_queries') }}

)

select
    position,
    topic,
    question,
    answer
from introductions
union all
select
    100 + position as position,
    topic,
    question,
    answer
from queries
union all
select
    cast(1000 + row_number() over (order by answer) as bigint) as position,
    topic,
    question,
    answer
from tables
