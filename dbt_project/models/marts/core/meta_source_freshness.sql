{#- The list of raw tables is the list of contracts, so a table that nobody ever delivered has a row too. -#}
{%- set raw_tables = [] -%}
{%- if execute -%}
    {%- for source in graph.sources.values() if source.schema.startswith('raw_') -%}
        {%- do raw_tables.append((source.schema[4:], source.name)) -%}
    {%- endfor -%}
{%- endif -%}
{%- set as_of = "date '" ~ var('as_of_date') ~ "'" -%}

with raw_tables as (

    {% for system, table_name in raw_tables | sort -%}
    select
        '{{ system }}' as system,
        '{{ table_name }}' as table_name
    {% if not loop.last %}union all{% endif %}
    {% else -%}
    select
        cast(null as {{ dbt.type_string() }}) as system,
        cast(null as {{ dbt.type_string() }}) as table_name
    where 1 = 0
    {%- endfor %}

),

table_state as (

    select
        system,
        table_name,
        row_count,
        data_through,
        last_loaded_at
    from {{ ref('stg_ops__table_state') }}

),

files as (

    select
        system,
        table_name,
        count(*) as file_count,
        sum(case when status = 'failed' then 1 else 0 end) as failed_file_count,
        max(case when status = 'loaded' then delivered_at end) as last_delivered_at
    from {{ ref('stg_ops__ingest_files') }}
    group by system, table_name

),

rejects as (

    select
        system,
        table_name,
        count(*) as quarantined_count
    from {{ ref('stg_ops__ingest_rejects') }}
    where replayed_at is null
    group by system, table_name

),

expectations as (

    select
        system,
        table_name,
        landed_by,
        quiet_days,
        stale_after_days
    from {{ ref('source_expectations') }}

),

joined as (

    select
        raw_tables.system,
        raw_tables.table_name,
        coalesce(table_state.row_count, 0) as row_count,
        coalesce(files.file_count, 0) as file_count,
        coalesce(files.failed_file_count, 0) as failed_file_count,
        coalesce(rejects.quarantined_count, 0) as quarantined_count,
        table_state.data_through,
        files.last_delivered_at,
        table_state.last_loaded_at,
        coalesce(named.quiet_days, other.quiet_days) as quiet_days,
        coalesce(named.stale_after_days, other.stale_after_days) as stale_after_days,
        {{ business_date("""case
            when coalesce(named.landed_by, other.landed_by) = 'delivery'
                then coalesce(files.last_delivered_at, table_state.data_through)
            else coalesce(table_state.data_through, files.last_delivered_at)
        end""") }} as newest_date
    from raw_tables
    left join table_state on raw_tables.system = table_state.system and raw_tables.table_name = table_state.table_name
    left join files on raw_tables.system = files.system and raw_tables.table_name = files.table_name
    left join rejects on raw_tables.system = rejects.system and raw_tables.table_name = rejects.table_name
    left join expectations as named
        on raw_tables.system = named.system and raw_tables.table_name = named.table_name
    left join expectations as other on other.system = '*'

)

select
    system,
    table_name,
    cast(row_count as bigint) as row_count,
    cast(file_count as bigint) as file_count,
    cast(failed_file_count as bigint) as failed_file_count,
    cast(quarantined_count as bigint) as quarantined_count,
    data_through,
    last_delivered_at,
    last_loaded_at,
    cast({{ dbt.dateadd('day', 'quiet_days', 'newest_date') }} as date) as landed_through_date,
    cast({{ dbt.datediff('newest_date', as_of, 'day') }} as bigint) as lag_days,
    stale_after_days,
    coalesce({{ dbt.datediff('newest_date', as_of, 'day') }} > stale_after_days, false) as is_stale,
    case
        when newest_date is null then 'never_delivered'
        when {{ dbt.datediff('newest_date', as_of, 'day') }} > stale_after_days then 'stale'
        else 'fresh'
    end as freshness
from joined
