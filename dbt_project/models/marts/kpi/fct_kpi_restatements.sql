{%- set period = 'kpi_id, period_grain, period_start' -%}
{%- set cell = period ~ ', segment_type, segment_id' -%}
{%- set steps = [] -%}

{%- set restated -%}
    select
        {% for column in cell.split(', ') -%}
        history.{{ column }},
        {% endfor -%}
        history.version,
        history.publication,
        history.restated_by,
        coalesce(before.status = 'withdrawn', false) as is_reported_again,
        kpis.aggregation
    from {{ ref('fct_kpi_value_history') }} as history
    inner join ({{ next_publication() }}) as publications on history.publication = publications.publication
    inner join {{ ref('dim_kpi') }} as kpis on history.kpi_id = kpis.kpi_id
    left join {{ ref('fct_kpi_value_history') }} as before
        on {{ joined_on('history', 'before', cell) }} and history.version = before.version + 1
    where history.version > 1
{%- endset -%}
{%- do steps.append(['restated', restated]) -%}

{#- Who never noted the records cannot tell which of them moved. -#}
{%- set ledger -%}
    select count(*) > 0 as is_kept
    from {{ ref('stg_ops__published_records') }}
{%- endset -%}
{%- do steps.append(['ledger', ledger]) -%}

{%- set movements -%}
    select
        moved.told,
        moved.kpi_id,
        moved.record_id,
        moved.event_date,
        {% for column in kpi_place_columns() -%}
        moved.{{ column }},
        {% endfor -%}
        moved.numerator,
        moved.denominator,
        case when moved.exclusion_reason is null then moved.measured end as measured,
        case when moved.exclusion_reason is null then 1 else 0 end as is_counted
    from {{ ref('int_kpi_record_movements') }} as moved
    inner join (select distinct kpi_id, publication from restated) as restated_kpis
        on moved.kpi_id = restated_kpis.kpi_id and moved.publication = restated_kpis.publication
    cross join ledger
    where ledger.is_kept
{%- endset -%}
{%- do steps.append(['movements', movements]) -%}

{%- set records -%}
    select
        kpi_id,
        record_id,
        max(case when told = 'before' then 1 else 0 end) as was_known,
        max(case when told = 'after' then 1 else 0 end) as is_known
    from movements
    group by kpi_id, record_id
{%- endset -%}
{%- do steps.append(['records', records]) -%}

{%- set in_periods -%}
    select
        periods.period_grain,
        periods.period_start,
        movements.*
    from movements
    inner join ({{ period_days() }}) as periods on movements.event_date = periods.date_day
    inner join (select distinct {{ period }} from restated) as restated_periods
        on
            movements.kpi_id = restated_periods.kpi_id
            and periods.period_grain = restated_periods.period_grain
            and periods.period_start = restated_periods.period_start
{%- endset -%}
{%- do steps.append(['in_periods', in_periods]) -%}

{%- set record_periods -%}
    select
        {{ period }},
        record_id,
        max(case when told = 'before' then 1 else 0 end) as was_in_period,
        max(case when told = 'after' then 1 else 0 end) as is_in_period
    from in_periods
    group by {{ period }}, record_id
{%- endset -%}
{%- do steps.append(['record_periods', record_periods]) -%}

{%- set in_cells -%}
    {% for segment_type, segment_id in kpi_segment_types().items() if segment_type != 'function' -%}
    select
        {% for column in cell.split(', ') -%}
        restated.{{ column }},
        {% endfor -%}
        restated.version,
        in_periods.record_id,
        in_periods.told,
        in_periods.numerator,
        in_periods.denominator,
        in_periods.measured,
        in_periods.is_counted
    from in_periods
    inner join restated
        on
            {{ joined_on('in_periods', 'restated', period) }}
            and restated.segment_type = '{{ segment_type }}'
            and {{ segment_id if segment_type == 'org' else 'in_periods.' ~ segment_id }} = restated.segment_id
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
{%- endset -%}
{%- do steps.append(['in_cells', in_cells]) -%}

{#- As in the figures, a record counts once in a segment and period: with the greatest count and the least measured value of
    its rows. -#}
{%- set by_record -%}
    select
        {{ cell }},
        version,
        record_id,
        max(case when told = 'before' then 1 else 0 end) as was_there,
        max(case when told = 'after' then 1 else 0 end) as is_there,
        max(case when told = 'before' then is_counted else 0 end) as was_counted,
        max(case when told = 'after' then is_counted else 0 end) as is_counted,
        {% for figure, of_rows in {'numerator': 'max', 'denominator': 'max', 'measured': 'min'}.items() -%}
        {{ of_rows }}(case when told = 'before' then {{ figure }} end) as {{ figure }}_before,
        {{ of_rows }}(case when told = 'after' then {{ figure }} end) as {{ figure }}_after{{ ',' if not loop.last }}
        {% endfor %}
    from in_cells
    group by {{ cell }}, version, record_id
{%- endset -%}
{%- do steps.append(['by_record', by_record]) -%}

{%- set explained -%}
    select
        {% for column in cell.split(', ') -%}
        by_record.{{ column }},
        {% endfor -%}
        by_record.version,
        case
            when by_record.was_there = 1 and by_record.is_there = 1 and by_record.is_counted = 0 then 'newly_excluded'
            when by_record.was_there = 1 and by_record.is_there = 1 and by_record.was_counted = 0 then 'newly_included'
            when by_record.was_there = 1 and by_record.is_there = 1 then 'corrected'
            when records.was_known = 0 then 'added'
            when records.is_known = 0 then 'removed'
            when record_periods.was_in_period = 0 or record_periods.is_in_period = 0 then 'moved_period'
            else 'moved_segment'
        end as reason,
        by_record.is_counted - by_record.was_counted as counted_change,
        {% for figure in ['numerator', 'denominator'] -%}
        cast(coalesce(by_record.{{ figure }}_after, 0) as decimal(36, 9))
        - cast(coalesce(by_record.{{ figure }}_before, 0) as decimal(36, 9)) as {{ figure }}_change{{ ',' if not loop.last }}
        {% endfor %}
    from by_record
    inner join records on by_record.kpi_id = records.kpi_id and by_record.record_id = records.record_id
    inner join record_periods on {{ joined_on('by_record', 'record_periods', period ~ ', record_id') }}
    -- What counted in neither state changes no figure.
    where
        by_record.was_counted + by_record.is_counted > 0
        and (
            by_record.was_counted <> by_record.is_counted
            or by_record.numerator_before is distinct from by_record.numerator_after
            or by_record.denominator_before is distinct from by_record.denominator_after
            or by_record.measured_before is distinct from by_record.measured_after
        )
{%- endset -%}
{%- do steps.append(['explained', explained]) -%}

{%- set added_up -%}
    select
        {{ cell }},
        version,
        reason,
        count(*) as record_count,
        sum(counted_change) as sample_size_change,
        sum(numerator_change) as numerator_change,
        sum(denominator_change) as denominator_change
    from explained
    group by {{ cell }}, version, reason
    union all
    select
        {{ cell }},
        version,
        case
            when restated_by = 'definition' then 'definition'
            when restated_by = 'withdrawn' then 'withdrawn'
            when is_reported_again then 'reported_again'
            else 'records_not_kept'
        end as reason,
        0 as record_count,
        0 as sample_size_change,
        cast(0 as decimal(38, 9)) as numerator_change,
        cast(0 as decimal(38, 9)) as denominator_change
    from restated
    cross join ledger
    where restated_by in ('definition', 'withdrawn') or is_reported_again or not ledger.is_kept
{%- endset -%}
{%- do steps.append(['added_up', added_up]) -%}

{%- set final -%}
select
    publication,
    {{ cell }},
    version,
    reason,
    record_count,
    sample_size_change,
    numerator_change,
    denominator_change
from {{ ref('stg_ops__published_restatements') }}
union all
select
    restated.publication,
    {% for column in cell.split(', ') -%}
    restated.{{ column }},
    {% endfor -%}
    restated.version,
    added_up.reason,
    cast(added_up.record_count as bigint) as record_count,
    cast(added_up.sample_size_change as bigint) as sample_size_change,
    case
        when restated.aggregation in ('per_day', 'count', 'ratio') then cast(added_up.numerator_change as decimal(38, 9))
    end as numerator_change,
    case when restated.aggregation = 'ratio' then cast(added_up.denominator_change as decimal(38, 9)) end as denominator_change
from restated
inner join added_up
    on {{ joined_on('restated', 'added_up', cell ~ ', version') }}
{%- endset -%}

{{ config(post_hook="{{ drop_staged_steps(" ~ (steps | map(attribute=0) | list) ~ ") }}") }}

{{ staged_select(steps, final) }}
