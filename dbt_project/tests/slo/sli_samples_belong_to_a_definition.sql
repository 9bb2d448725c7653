{{ config(severity='warn') }}
-- Samples of an SLO that no document defines are kept and take part in nothing. Warn: a document may be landed later.
select
    samples.slo_id,
    count(*) as samples
from {{ ref('int_sli_samples') }} as samples
left join {{ ref('int_slo_definitions') }} as by_objective
    on samples.slo_id = by_objective.slo_id and by_objective.exclusion_reason is null
left join {{ ref('int_slo_definitions') }} as by_document
    on samples.slo_id = by_document.document_id and by_document.exclusion_reason is null
where by_objective.slo_id is null and by_document.slo_id is null
group by samples.slo_id
