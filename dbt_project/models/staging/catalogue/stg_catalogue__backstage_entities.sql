select
    kind,
    coalesce(namespace, 'default') as namespace,
    entity_name,
    coalesce(title, entity_name) as title,
    entity_type,
    lifecycle,
    nullif(regexp_extract(owner, '([^/:]+)$', 1), '') as owner_name,
    depends_on,
    coalesce(nullif(regexp_extract(tier, '([0-9]+)', 1), ''), 'unmapped') as tier,
    project_slug,
    lower(pagerduty_service_id) as pagerduty_service_id,
    lower(prometheus_service) as prometheus_service,
    hr_organization_id,
    nullif(regexp_extract(parent, '([^/:]+)$', 1), '') as parent_name
from {{ source('raw_catalogue', 'backstage_entities') }}
