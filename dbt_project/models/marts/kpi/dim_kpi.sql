select
    kpi_id,
    kpi_name,
    headline_kpi_id,
    kpi_id = headline_kpi_id as is_headline,
    definition,
    formula,
    nullif(numerator_description, '') as numerator_description,
    nullif(denominator_description, '') as denominator_description,
    unit,
    direction,
    aggregation,
    grains,
    segments,
    cadence,
    owner,
    caveats,
    definition_version,
    chart_kind,
    natural_low,
    natural_high,
    interval_method,
    is_people,
    case
        when is_people
            then coalesce(
                nullif(population_basis, ''),
                case
                    when aggregation = 'trailing_year_rate' then 'headcount'
                    when aggregation in ('ratio', 'trailing_year_ratio') then 'denominator'
                    else 'sample'
                end
            )
    end as population_basis,
    -- Metrics of one headline share records: unless the seed parts them, they are hidden together.
    case when is_people then coalesce(nullif(suppression_family, ''), headline_kpi_id) end as suppression_family,
    nullif(suppressed_with, '') as suppressed_with,
    display_unit,
    display_scale,
    sources
from {{ ref('kpis') }}
