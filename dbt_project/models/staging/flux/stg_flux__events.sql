select
    cluster,
    object_kind,
    object_namespace,
    object_name,
    reason,
    severity,
    revision,
    lower(nullif(regexp_extract(revision, '(?:^|[/@:+])([0-9a-fA-F]{7,64})$', 1), '')) as sha,
    nullif(regexp_extract(revision, '^([^@]+?)(?:@|/[0-9a-fA-F]{40}$)', 1), '') as ref,
    app_version,
    environment,
    occurred_at
from {{ source('raw_flux', 'events') }}
