select
    cluster,
    namespace,
    release_name,
    release_version,
    digest,
    object_name,
    object_namespace,
    service_label,
    environment_label,
    chart_name,
    chart_version,
    app_version,
    config_digest,
    coalesce(action, case when release_version = 1 then 'install' else 'upgrade' end) as action,
    status,
    first_deployed_at,
    last_deployed_at
from {{ source('raw_flux', 'helm_releases') }}
