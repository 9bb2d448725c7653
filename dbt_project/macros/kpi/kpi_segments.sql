{#- Segment types and the SQL that gives a placed record's id in each; null means that the record is in none. A new
    way to slice is one line here, one column of the record shape, and its name in the seed kpis. -#}
{% macro kpi_segment_types() -%}
    {{ return({
        'org': "'org'",
        'group': 'group_id',
        'team': 'team_id',
        'service': 'service_id',
        'tier': 'tier',
        'severity': 'severity',
        'provider': 'provider',
        'customer': 'customer_id',
        'function': 'respondent_function',
        'work_type': 'work_type',
    }) }}
{%- endmacro %}

{#- Condition: is `item` one of the names that `list_column` joins by '|'? -#}
{% macro is_listed(item, list_column) -%}
    ('|' || {{ list_column }} || '|') like ('%|' || {{ item }} || '|%')
{%- endmacro %}

{#- Select: one row per KPI, segment type and period grain in which dim_kpi wants it reported. Text is compared here,
    over a few hundred rows, and never again per record. -#}
{% macro kpi_slices() -%}
    select
        kpis.kpi_id,
        kpis.aggregation,
        segment_types.segment_type,
        period_grains.period_grain
    from {{ ref('dim_kpi') }} as kpis
    cross join (
        {% for segment_type in kpi_segment_types() -%}
        select '{{ segment_type }}' as segment_type
        {% if not loop.last %}union all{% endif %}
        {% endfor %}
    ) as segment_types
    cross join (
        {% for grain in kpi_grains() -%}
        select '{{ grain }}' as period_grain
        {% if not loop.last %}union all{% endif %}
        {% endfor %}
    ) as period_grains
    where
        {{ is_listed('segment_types.segment_type', 'kpis.segments') }}
        and {{ is_listed('period_grains.period_grain', 'kpis.grains') }}
{%- endmacro %}

{#- Period grains and the prefix of their columns in dim_date. -#}
{% macro kpi_grains() -%}
    {{ return({'week': 'week', 'month': 'month', 'quarter': 'fiscal_quarter'}) }}
{%- endmacro %}

{#- Select: `keep` columns of the relation (whose rows have team_id, service_id, event_date) with group_id, team_id and
    tier as they were on event_date; 'unmapped' where the catalogue knows none, null where the record names neither
    team nor service. -#}
{% macro place_records(relation, keep) -%}
    select
        {% for column in keep -%}
        placed.{{ column }},
        {% endfor -%}
        placed.event_date,
        placed.service_id,
        case
            when placed.team_id is not null then placed.team_id
            when placed.service_id is not null then coalesce(ownership.team_id, 'unmapped')
        end as team_id,
        case
            when placed.team_id is not null then coalesce(team_groups.group_id, 'unmapped')
            when placed.service_id is not null then coalesce(ownership.group_id, 'unmapped')
        end as group_id,
        case when placed.service_id is not null then coalesce(ownership.tier, 'unmapped') end as tier
    from {{ relation }} as placed
    left join {{ ref('int_service_ownership') }} as ownership
        on
            placed.service_id = ownership.service_id
            and placed.event_date >= ownership.valid_from
            and placed.event_date < ownership.valid_to
    left join {{ ref('int_team_groups') }} as team_groups
        on
            placed.team_id = team_groups.team_id
            and placed.event_date >= team_groups.valid_from
            and placed.event_date < team_groups.valid_to
{%- endmacro %}

{#- Select: one row per day and grain, with the period that the day lies in. -#}
{% macro period_days() -%}
    {% for grain, name in kpi_grains().items() -%}
    select
        date_day,
        '{{ grain }}' as period_grain,
        {{ name }}_start_date as period_start,
        {{ name }}_end_date as period_end
    from {{ ref('dim_date') }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
{%- endmacro %}

{#- Names of the columns by which a record of no people is in a segment: what kpi_segment_types() reads, less the
    organisation and the function of who answered a survey. -#}
{% macro kpi_place_columns() -%}
    {%- set columns = kpi_segment_types().values() | reject('in', ["'org'", 'respondent_function']) | list -%}
    {{ return(columns) }}
{%- endmacro %}
