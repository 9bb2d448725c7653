select
    slo_id,
    kind,
    coalesce(series, '') as series,
    step_seconds,
    sampled_at,
    value
from {{ source('raw_prometheus', 'sli_samples') }}
