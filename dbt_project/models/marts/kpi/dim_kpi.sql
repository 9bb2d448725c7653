with present as (

    {{ present_definition_inputs() }}

),

-- A knob that is not what it was when the version was given makes another definition, and says so itself.
turned as (

    select
        versions.input_name as kpi_id,
        {{ sorted_list_text("present.input_name || '=' || present.input_value") }} as knobs
    from {{ ref('kpi_definition_inputs') }} as versions
    inner join {{ ref('kpi_definition_inputs') }} as inputs
        on
            inputs.records_model in (versions.records_model, 'all')
            and inputs.input_kind in ('variable', 'seed')
    inner join present
        on
            inputs.input_kind = present.input_kind
            and inputs.input_name = present.input_name
            and inputs.input_value <> present.input_value
    where versions.input_kind = 'version'
    group by versions.input_name

)

select
    kpis.kpi_id,
    kpis.kpi_name,
    kpis.headline_kpi_id,
    kpis.theme,
    kpis.kpi_id = kpis.headline_kpi_id as is_headline,
    kpis.definition,
    kpis.formula,
    nullif(kpis.numerator_description, '') as numerator_description,
    nullif(kpis.denominator_description, '') as denominator_description,
    kpis.unit,
    kpis.direction,
    kpis.aggregation,
    kpis.grains,
    kpis.segments,
    kpis.cadence,
    kpis.owner,
    kpis.caveats,
    kpis.definition_version || coalesce('+' || turned.knobs, '') as definition_version,
    kpis.chart_kind,
    kpis.natural_low,
    kpis.natural_high,
    kpis.interval_method,
    kpis.is_people,
    case
        when kpis.is_people
            then coalesce(
                nullif(kpis.population_basis, ''),
                case
                    when kpis.aggregation = 'trailing_year_rate' then 'headcount'
                    when kpis.aggregation in ('ratio', 'trailing_year_ratio') then 'denominator'
                    else 'sample'
                end
            )
    end as population_basis,
    -- Metrics of one headline share records: unless the seed parts them, they are hidden together.
    case when kpis.is_people then coalesce(nullif(kpis.suppression_family, ''), kpis.headline_kpi_id) end as suppression_family,
    nullif(kpis.suppressed_with, '') as suppressed_with,
    kpis.display_unit,
    kpis.display_scale,
    kpis.sources,
    -- Where an answer about people stands apart from its headline's other records, it has a table of its own.
    case
        when kpis.is_people and not headlines.is_people then 'marts_people.kpi_' || kpis.kpi_id || '_records'
        when kpis.is_people then 'marts_people.kpi_' || kpis.headline_kpi_id || '_records'
        else 'marts.kpi_' || kpis.headline_kpi_id || '_records'
    end as records_table
from {{ ref('kpis') }} as kpis
left join {{ ref('kpis') }} as headlines on kpis.headline_kpi_id = headlines.kpi_id
left join turned on kpis.kpi_id = turned.kpi_id
