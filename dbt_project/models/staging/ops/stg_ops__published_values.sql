select
    kpi_id,
    period_grain,
    period_start,
    segment_type,
    segment_id,
    version,
    coalesce(publication, 0) as publication,
    value,
    numerator,
    denominator,
    status,
    definition_version,
    as_of_date
from {{ source('ops', 'published_values') }}
