select
    slo_id,
    coalesce(slo_name, slo_id) as slo_name,
    description,
    slo_type,
    timeframe,
    cast(target_percent / 100 as decimal(18, 9)) as objective,
    cast(nullif(regexp_extract(timeframe, '^([0-9]+)d$', 1), '') as bigint) as window_count,
    nullif(regexp_extract(tags, '"service:([^"]+)"', 1), '') as service,
    query,
    cast(modified_at as date) as valid_from
from {{ source('raw_datadog', 'slos') }}
