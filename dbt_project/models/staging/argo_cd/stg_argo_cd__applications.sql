select
    application_uid,
    application,
    service_label,
    environment_label,
    destination_cluster,
    destination_namespace,
    observed_at,
    operation_started_at,
    operation_finished_at,
    operation_phase,
    operation_is_automated,
    operation_initiator_id,
    coalesce(operation_revision, lower({{ json_text(valid_json('operation_revisions'), '[0]') }})) as operation_revision,
    operation_revisions,
    operation_repository,
    images
from {{ source('raw_argo_cd', 'applications') }}
