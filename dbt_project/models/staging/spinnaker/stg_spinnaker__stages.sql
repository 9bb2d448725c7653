select
    execution_id,
    stage_id,
    parent_stage_id,
    stage_type,
    stage_name,
    status,
    started_at,
    finished_at,
    account,
    location,
    cluster,
    moniker_app,
    image
from {{ source('raw_spinnaker', 'stages') }}
