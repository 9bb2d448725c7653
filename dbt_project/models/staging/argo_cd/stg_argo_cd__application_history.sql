select
    application_uid,
    history_id,
    application,
    service_label,
    environment_label,
    destination_cluster,
    destination_namespace,
    observed_at,
    coalesce(deploy_started_at, deployed_at) as deploy_started_at,
    deployed_at,
    is_automated,
    initiator_id,
    coalesce(revision, lower({{ json_text(valid_json('revisions'), '[0]') }})) as revision,
    revisions,
    repository,
    kustomize_images,
    helm_image_tag
from {{ source('raw_argo_cd', 'application_history') }}
