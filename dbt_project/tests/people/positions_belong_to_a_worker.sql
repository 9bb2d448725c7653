{{ config(severity='warn') }}
-- Assignments of people whom the worker history does not know: kept, and in no figure. Warn: extracts are taken at
-- different minutes, and a person may be in one and not yet in the other.
select
    positions.worker_id,
    count(*) as positions
from {{ ref('stg_workday__worker_positions') }} as positions
left join {{ ref('stg_workday__worker_history') }} as workers
    on positions.worker_id = workers.worker_id
where workers.worker_id is null
group by positions.worker_id
