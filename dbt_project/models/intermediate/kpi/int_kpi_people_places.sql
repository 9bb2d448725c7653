with people as (

    select
        kpi_id,
        aggregation,
        grains,
        segments,
        population_basis,
        suppression_family,
        suppressed_with
    from {{ ref('dim_kpi') }}
    where is_people

),

-- The grains whose periods make up a family's windows; a trailing year is a run of months.
family_grains as (

    {% for grain in kpi_grains() -%}
    select distinct
        suppression_family,
        '{{ grain }}' as period_grain
    from people
    where {{ is_listed("'" ~ grain ~ "'", 'grains') }}{% if grain == 'month' %} or aggregation like 'trailing%'{% endif %}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

period_days as (

    {{ period_days() }}

),

pieces as (

    select
        family_grains.suppression_family,
        period_days.date_day,
        max(period_days.period_start) as piece_start
    from family_grains
    inner join period_days on family_grains.period_grain = period_days.period_grain
    group by family_grains.suppression_family, period_days.date_day

),

family_types as (

    {% for segment_type in kpi_segment_types() -%}
    select distinct
        suppression_family,
        '{{ segment_type }}' as segment_type
    from people
    where {{ is_listed("'" ~ segment_type ~ "'", 'segments') }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

followers as (

    select distinct
        suppression_family,
        suppressed_with
    from people
    where suppressed_with is not null

),

-- Whoever could have given a follower an answer counts for it: that nobody did is not known where the leader is hidden.
counted_for as (

    select kpi_id, population_basis, suppression_family
    from people
    union all
    select leaders.kpi_id, leaders.population_basis, followers.suppression_family
    from people as leaders
    inner join followers on leaders.suppression_family = followers.suppressed_with

),

peopled_days as (

    select
        counted_for.suppression_family,
        daily.event_date,
        {% for segment_type, segment_id in kpi_segment_types().items() -%}
        coalesce({{ segment_id }}, '') as {{ segment_type }}_segment{{ ',' if not loop.last }}
        {% endfor %}
    from {{ ref('int_kpi_daily') }} as daily
    inner join counted_for on daily.kpi_id = counted_for.kpi_id
    where
        (counted_for.population_basis = 'sample' and daily.counted > 0)
        or (counted_for.population_basis <> 'sample' and (daily.numerator <> 0 or daily.denominator <> 0))

),

places as (

    select distinct
        peopled_days.suppression_family,
        pieces.piece_start,
        {% for segment_type in kpi_segment_types() -%}
        peopled_days.{{ segment_type }}_segment{{ ',' if not loop.last }}
        {% endfor %}
    from peopled_days
    inner join pieces
        on peopled_days.suppression_family = pieces.suppression_family and peopled_days.event_date = pieces.date_day

),

named as (

    select
        places.*,
        {% for segment_type in kpi_segment_types() -%}
        {{ segment_type }}_segment{{ " || '|' || " if not loop.last }}
        {%- endfor %} as place_id
    from places

)

{% for segment_type in kpi_segment_types() -%}
select
    named.suppression_family,
    named.piece_start,
    named.place_id,
    '{{ segment_type }}' as segment_type,
    named.{{ segment_type }}_segment as segment_id
from named
inner join family_types
    on named.suppression_family = family_types.suppression_family and family_types.segment_type = '{{ segment_type }}'
{% if not loop.last %}union all{% endif %}
{% endfor %}
