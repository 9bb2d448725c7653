{%- set weight = var('investment_weight') -%}
{%- set weights = {
    'count': 'cast(1 as decimal(38, 9))',
    'points': 'cast(points as decimal(38, 9))',
    'days_in_progress': 'cast(cast(in_progress_seconds as double) / 86400 as decimal(38, 9))',
} -%}
{%- if weight not in weights -%}
    {{ exceptions.raise_compiler_error("var investment_weight is '" ~ weight ~ "': it may be " ~ (weights | join(', '))) }}
{%- endif -%}

with

told_stretches as (
    {{ status_stretches() }}
),

-- What waited between its start and its end was not being worked on all that time.
stretches as (
    select
        work_item_id,
        sum({{ seconds_between('began_at', 'ended_at') }}) as in_progress_seconds
    from told_stretches
    where to_state = 'in_progress'
    group by work_item_id
),

weighed as (
    select
        work_items.work_item_id,
        work_items.service_id,
        work_items.work_type,
        work_items.investment_category,
        work_items.work_item_date,
        work_items.points,
        coalesce(stretches.in_progress_seconds, work_items.cycle_seconds) as in_progress_seconds,
        work_items.exclusion_reason
    from {{ ref('fct_work_items') }} as work_items
    left join stretches on work_items.work_item_id = stretches.work_item_id
    where work_items.state = 'done'
),

done as (
    select
        work_item_id,
        service_id,
        investment_category,
        work_item_date as event_date,
        {{ weights[weight] }} as weight,
        case
            when exclusion_reason <> 'negative_span' then exclusion_reason
            -- An epic weighs what its parts weigh.
            when work_type = 'epic' then 'covered_by_parts'
            {% if weight == 'points' -%}
                when points is null then 'no_points'
            {% elif weight == 'days_in_progress' -%}
            when in_progress_seconds is null then 'no_start'
            when in_progress_seconds < 0 then 'negative_span'
            {% endif -%}
        end as exclusion_reason
    from weighed
)

select
    {{ kpi_record_columns(
        'investment_ratio', 'work_item_id', 'event_date', 'exclusion_reason',
        numerator="case when investment_category in ('debt', 'reliability', 'security') then weight else 0 end",
        denominator='weight'
    ) }}
from done
{% for category in ['new_value', 'debt', 'reliability', 'security', 'keep_the_lights_on', 'unclassified'] %}
    union all
    select
        {{ kpi_record_columns(
            'investment_' ~ category, 'work_item_id', 'event_date', 'exclusion_reason',
            numerator="case when investment_category = '" ~ category ~ "' then weight else 0 end", denominator='weight'
        ) }}
    from done
{% endfor %}
