{%- set weight = var('investment_weight') -%}
{%- set weights = {
    'count': 'cast(1 as decimal(38, 9))',
    'points': 'cast(points as decimal(38, 9))',
    'days_in_progress': 'cast(cast(cycle_seconds as double) / 86400 as decimal(38, 9))',
} -%}
{%- if weight not in weights -%}
    {{ exceptions.raise_compiler_error("var investment_weight is '" ~ weight ~ "': it may be " ~ (weights | join(', '))) }}
{%- endif -%}

with

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
            when cycle_seconds is null then 'no_start'
            when cycle_seconds < 0 then 'negative_span'
            {% endif -%}
        end as exclusion_reason
    from {{ ref('fct_work_items') }}
    where state = 'done'
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
