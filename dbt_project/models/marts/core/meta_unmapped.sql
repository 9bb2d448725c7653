select
    unmapped.system,
    unmapped.concept,
    unmapped.raw_value,
    unmapped.record_count,
    concepts.mapped_in,
    concepts.consequence
from {{ ref('int_unmapped') }} as unmapped
left join {{ ref('unmapped_concepts') }} as concepts on unmapped.concept = concepts.concept
