with

runs as (
    select
        run_id,
        service_id,
        run_date,
        is_default_branch,
        is_pull_request,
        first_status,
        final_status,
        duration_seconds,
        queue_seconds,
        exclusion_reason,
        case
            when parent_run_id is not null then 'child_pipeline'
            when first_status in ('success', 'failure', 'timed_out') then null
            else coalesce(first_status, 'unmapped')
        end as first_attempt_exclusion_reason
    from {{ ref('fct_pipeline_runs') }}
)

{% for kpi_id, slice in {
    'pipeline_success_rate': none,
    'pipeline_success_rate_default_branch': 'is_default_branch',
    'pipeline_success_rate_pull_request': 'is_pull_request',
}.items() %}
    select
        {{ kpi_record_columns(
            kpi_id, 'run_id', 'run_date', 'exclusion_reason',
            numerator="case when final_status = 'success' then 1 else 0 end", denominator='1'
        ) }}
    from runs
    {{ 'where ' ~ slice if slice }}
    union all
{%- endfor %}
select
    {{ kpi_record_columns(
        'pipeline_first_attempt_success_rate', 'run_id', 'run_date', 'first_attempt_exclusion_reason',
        numerator="case when first_status = 'success' then 1 else 0 end", denominator='1'
    ) }}
from runs
union all
select
    {{ kpi_record_columns(
        'pipeline_duration', 'run_id', 'run_date', 'exclusion_reason',
        measured='cast(duration_seconds as double) / 60'
    ) }}
from runs
union all
select
    {{ kpi_record_columns(
        'pipeline_queue', 'run_id', 'run_date', 'first_attempt_exclusion_reason',
        measured='cast(queue_seconds as double) / 60'
    ) }}
from runs
