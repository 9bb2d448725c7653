with breaches as (

    select
        cards.kpi_id,
        cards.kpi_name,
        cards.headline_kpi_id,
        cards.segment_type,
        cards.segment_id,
        cards.segment_name,
        cards.period_grain,
        cards.period_start,
        cards.period_end,
        cards.value,
        cards.unit,
        cards.target,
        cards.target_upper,
        cards.signal,
        case when cards.signal is not null then cards.is_improvement end as is_improving,
        case
            when cards.segment_type = 'service' then coalesce(services.tier, 'unmapped')
            when cards.segment_type = 'tier' then cards.segment_id
        end as tier,
        kpis.records_table,
        {{ window_start('kpis.aggregation', 'periods') }} as first_record_date,
        -- How far beyond the target, in targets; of a share that should be high, in the room that the target leaves to 1:
        -- 0.99 against 0.999 is ten budgets, not one per cent.
        case
            when cards.target_upper is not null and cards.value > cards.target_upper
                then (cards.value - cards.target_upper) / nullif(abs(cards.target_upper), 0)
            when kpis.direction = 'up' and kpis.natural_high = 1 and cards.target < 1
                then (cards.target - cards.value) / (1 - cards.target)
            else abs(cards.value - cards.target) / nullif(abs(cards.target), 0)
        end as distance
    from {{ ref('kpi_scorecard') }} as cards
    inner join {{ ref('dim_kpi') }} as kpis on cards.kpi_id = kpis.kpi_id
    inner join {{ ref('int_kpi_periods') }} as periods
        on cards.period_grain = periods.period_grain and cards.period_start = periods.period_start
    left join {{ ref('dim_service') }} as services
        on cards.segment_type = 'service' and cards.segment_id = services.service_id
    where cards.status = 'missed'

),

weighed as (

    select
        breaches.*,
        coalesce(own.weight, general.weight, 1) as weight
    from breaches
    left join {{ ref('risk_weights') }} as own
        on breaches.segment_type = own.segment_type and breaches.tier = own.tier
    left join {{ ref('risk_weights') }} as general
        on breaches.segment_type = general.segment_type and nullif(general.tier, '') is null

)

select
    cast(row_number() over (
        order by distance * weight desc nulls last, kpi_id asc, segment_type asc, segment_id asc
    ) as bigint) as risk_rank,
    kpi_id,
    kpi_name,
    segment_type,
    segment_id,
    segment_name,
    tier,
    period_grain,
    period_start,
    period_end,
    value,
    unit,
    target,
    target_upper,
    distance,
    weight,
    distance * weight as risk_score,
    signal,
    is_improving,
    'select * from ' || records_table || ' where kpi_id = ''' || kpi_id || ''' and event_date between date '''
    || cast(first_record_date as {{ dbt.type_string() }}) || ''' and date '''
    || cast(period_end as {{ dbt.type_string() }}) || ''''
    || case segment_type
        {% for segment_type, column in kpi_segment_types().items() if segment_type != 'org' -%}
        when '{{ segment_type }}' then ' and {{ column }} = ''' || replace(segment_id, '''', '''''') || ''''
        {% endfor -%}
        else ''
    end as records_query
from weighed
