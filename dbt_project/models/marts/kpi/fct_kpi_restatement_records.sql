{%- set columns = (
    ['kpi_id', 'record_id', 'event_date'] + kpi_place_columns() + ['numerator', 'denominator', 'measured', 'exclusion_reason']
) | join(', ') -%}
{%- set place = (['event_date'] + kpi_place_columns() + ['numerator', 'denominator', 'measured', 'exclusion_reason']) -%}
{%- set moved = 'publication, kpi_id, record_id' -%}
{%- set steps = [] -%}

{#- With the first publication that noted them, all records came to be known: none of them moved. -#}
{%- set ledger -%}
    select min(publication) as first_publication
    from {{ ref('stg_ops__published_records') }}
{%- endset -%}
{%- do steps.append(['ledger', ledger]) -%}

{%- set states -%}
    select
        stored.publication,
        'after' as told,
        stored.{{ columns | replace(', ', ', stored.') }}
    from {{ ref('stg_ops__published_records') }} as stored
    inner join ledger on stored.publication > ledger.first_publication
    union all
    select
        stored.replaced_by as publication,
        'before' as told,
        stored.{{ columns | replace(', ', ', stored.') }}
    from {{ ref('stg_ops__published_records') }} as stored
    where stored.replaced_by is not null
    union all
    select
        movements.publication,
        movements.told,
        movements.{{ columns | replace(', ', ', movements.') }}
    from {{ ref('int_kpi_record_movements') }} as movements
    inner join ({{ next_publication() }}) as publications on movements.publication = publications.publication
    inner join ledger on movements.publication > ledger.first_publication
{%- endset -%}
{%- do steps.append(['states', states]) -%}

{%- set restated_periods -%}
    select distinct
        publication,
        kpi_id,
        period_grain,
        period_start
    from {{ ref('fct_kpi_value_history') }}
    where version > 1
{%- endset -%}
{%- do steps.append(['restated_periods', restated_periods]) -%}

{%- set restating -%}
    select distinct
        states.{{ moved | replace(', ', ', states.') }}
    from states
    inner join ({{ period_days() }}) as periods on states.event_date = periods.date_day
    inner join restated_periods
        on
            states.publication = restated_periods.publication
            and states.kpi_id = restated_periods.kpi_id
            and periods.period_grain = restated_periods.period_grain
            and periods.period_start = restated_periods.period_start
{%- endset -%}
{%- do steps.append(['restating', restating]) -%}

{%- set listed -%}
    select
        states.*,
        {{ hash_text(kpi_place_columns()) }} as place
    from states
    inner join restating on {{ joined_on('states', 'restating', moved) }}
{%- endset -%}
{%- do steps.append(['listed', listed]) -%}

{%- set compared -%}
    select
        {{ moved }},
        {% for told in ['before', 'after'] -%}
        max(case when told = '{{ told }}' then 1 else 0 end) as is_there_{{ told }},
        max(case when told = '{{ told }}' and exclusion_reason is null then 1 else 0 end) as is_counted_{{ told }},
        min(case when told = '{{ told }}' then event_date end) as first_date_{{ told }},
        max(case when told = '{{ told }}' then event_date end) as last_date_{{ told }},
        {{ sorted_list_text("case when told = '" ~ told ~ "' then place end") }} as places_{{ told }}{{ ',' if not loop.last }}
        {% endfor %}
    from listed
    group by {{ moved }}
{%- endset -%}
{%- do steps.append(['compared', compared]) -%}

{%- set final -%}
select
    listed.publication,
    listed.kpi_id,
    listed.record_id,
    case
        when compared.is_there_before = 0 then 'added'
        when compared.is_there_after = 0 then 'removed'
        when compared.is_counted_before > compared.is_counted_after then 'newly_excluded'
        when compared.is_counted_before < compared.is_counted_after then 'newly_included'
        when
            compared.first_date_before <> compared.first_date_after or compared.last_date_before <> compared.last_date_after
            then 'moved_period'
        when compared.places_before <> compared.places_after then 'moved_segment'
        else 'corrected'
    end as movement,
    listed.told,
    cast(
        row_number() over (
            partition by listed.publication, listed.kpi_id, listed.record_id, listed.told
            order by {% for column in place %}listed.{{ column }} asc nulls last{{ ', ' if not loop.last }}{% endfor %}
        ) as bigint
    ) as place_number,
    {% for column in place -%}
    listed.{{ column }}{{ ',' if not loop.last }}
    {% endfor %}
from listed
inner join compared on {{ joined_on('listed', 'compared', moved) }}
{%- endset -%}

{{ config(post_hook="{{ drop_staged_steps(" ~ (steps | map(attribute=0) | list) ~ ") }}") }}

{{ staged_select(steps, final) }}
