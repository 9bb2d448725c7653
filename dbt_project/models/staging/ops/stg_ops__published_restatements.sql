select
    publication,
    kpi_id,
    period_grain,
    period_start,
    segment_type,
    segment_id,
    version,
    reason,
    record_count,
    sample_size_change,
    numerator_change,
    denominator_change
from {{ source('ops', 'published_restatements') }}
