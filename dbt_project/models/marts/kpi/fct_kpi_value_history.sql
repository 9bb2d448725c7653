{%- set cell = 'kpi_id, period_grain, period_start, segment_type, segment_id' -%}
{%- set figures = 'value, numerator, denominator, status, definition_version' -%}

with published as (

    select
        {{ cell }},
        version,
        publication,
        {{ figures }},
        as_of_date
    from {{ ref('stg_ops__published_values') }}

),

last_versions as (

    select
        {{ cell }},
        max(version) as version
    from published
    group by {{ cell }}

),

last_published as (

    select published.*
    from published
    inner join last_versions
        on {{ joined_on('published', 'last_versions', cell ~ ', version') }}

),

-- Two versions of a figure of people would tell apart those who stand between them: people KPIs have no history.
present as (

    select
        facts.kpi_id,
        facts.period_grain,
        facts.period_start,
        facts.segment_type,
        facts.segment_id,
        facts.value,
        facts.numerator,
        facts.denominator,
        facts.status,
        facts.definition_version
    from {{ ref('fct_kpi_values') }} as facts
    inner join {{ ref('dim_kpi') }} as kpis on facts.kpi_id = kpis.kpi_id
    where facts.is_complete and not kpis.is_people

),

changed as (

    select
        present.kpi_id,
        present.period_grain,
        present.period_start,
        present.segment_type,
        present.segment_id,
        coalesce(last_published.version, 0) + 1 as version,
        present.value,
        present.numerator,
        present.denominator,
        present.status,
        present.definition_version
    from present
    left join last_published
        on {{ joined_on('present', 'last_published', cell) }}
    where
        last_published.version is null
        or present.value is distinct from last_published.value
        or present.numerator is distinct from last_published.numerator
        or present.denominator is distinct from last_published.denominator
        or present.definition_version is distinct from last_published.definition_version
        or (last_published.status = 'withdrawn')
    union all
    select
        last_published.kpi_id,
        last_published.period_grain,
        last_published.period_start,
        last_published.segment_type,
        last_published.segment_id,
        last_published.version + 1 as version,
        cast(null as double) as value,
        cast(null as decimal(38, 9)) as numerator,
        cast(null as decimal(38, 9)) as denominator,
        'withdrawn' as status,
        last_published.definition_version
    from last_published
    left join present
        on {{ joined_on('last_published', 'present', cell) }}
    where present.kpi_id is null and last_published.status <> 'withdrawn'

),

publications as (

    {{ next_publication() }}

),

versions as (

    select
        {{ cell }},
        version,
        publication,
        {{ figures }},
        as_of_date
    from published
    union all
    select
        {{ cell }},
        changed.version,
        publications.publication,
        {{ figures }},
        date '{{ var("as_of_date") }}' as as_of_date
    from changed
    cross join publications

),

sequenced as (

    select
        versions.*,
        lag(value) over (partition by {{ cell }} order by version) as previous_value,
        lag(definition_version) over (partition by {{ cell }} order by version) as previous_definition_version,
        row_number() over (partition by {{ cell }} order by version desc) as recency,
        row_number() over (partition by {{ cell }}, definition_version order by version desc) as recency_of_definition
    from versions

)

select
    {{ cell }},
    version,
    cast(publication as bigint) as publication,
    as_of_date,
    {{ figures }},
    previous_value,
    value - previous_value as change,
    case
        when version = 1 then 'first'
        when status = 'withdrawn' then 'withdrawn'
        when definition_version <> previous_definition_version then 'definition'
        else 'data'
    end as restated_by,
    recency = 1 as is_current,
    recency_of_definition = 1 as is_last_of_definition
from sequenced
