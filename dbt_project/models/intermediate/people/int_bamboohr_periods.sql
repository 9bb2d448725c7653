with

employees as (

    select * from {{ ref('stg_bamboohr__employees') }}

),

statuses as (

    select * from {{ ref('stg_bamboohr__employment_statuses') }}

),

places as (

    select * from {{ ref('stg_bamboohr__job_information') }}

),

status_rules as (

    select * from {{ ref('hr_employment_statuses') }}

),

known as (

    select
        statuses.worker_id,
        statuses.effective_date,
        statuses.employment_status,
        statuses.termination_text,
        statuses.termination_reason,
        statuses.is_regretted,
        coalesce(status_rules.is_employed, true) as is_employed,
        coalesce(status_rules.tells_type, true) as tells_type,
        statuses._file_id,
        statuses._row
    from statuses
    left join status_rules
        on statuses.employment_status = status_rules.source_value
    where statuses.effective_date is not null

),

workers_with_history as (

    select distinct worker_id
    from known
    where is_employed

),

terminated_workers as (

    select distinct worker_id
    from known
    where not is_employed

),

-- Who has no history of statuses is told by the employee's own row: one employment, as it is now.
events as (

    select
        worker_id,
        effective_date,
        employment_status,
        termination_text,
        termination_reason,
        is_regretted,
        is_employed,
        tells_type,
        _file_id,
        _row
    from known

    union all

    select
        employees.worker_id,
        employees.hired_date as effective_date,
        case when coalesce(status_rules.tells_type, true) then employees.employment_status end as employment_status,
        cast(null as {{ dbt.type_string() }}) as termination_text,
        cast(null as {{ dbt.type_string() }}) as termination_reason,
        cast(null as boolean) as is_regretted,
        true as is_employed,
        coalesce(status_rules.tells_type, true) as tells_type,
        employees._file_id,
        employees._row
    from employees
    left join workers_with_history
        on employees.worker_id = workers_with_history.worker_id
    left join status_rules
        on employees.employment_status = status_rules.source_value
    where
        workers_with_history.worker_id is null
        and employees.hired_date is not null

    union all

    select
        employees.worker_id,
        employees.terminated_date as effective_date,
        'terminated' as employment_status,
        cast(null as {{ dbt.type_string() }}) as termination_text,
        cast(null as {{ dbt.type_string() }}) as termination_reason,
        cast(null as boolean) as is_regretted,
        false as is_employed,
        false as tells_type,
        employees._file_id,
        employees._row
    from employees
    left join terminated_workers
        on employees.worker_id = terminated_workers.worker_id
    left join workers_with_history
        on employees.worker_id = workers_with_history.worker_id
    where
        workers_with_history.worker_id is null
        and terminated_workers.worker_id is null
        and employees.terminated_date is not null

),

ordered as (

    select
        *,
        row_number() over (
            partition by worker_id
            order by effective_date, case when is_employed then 0 else 1 end, _file_id, _row
        ) as event_number
    from events

),

-- An employment ends with a termination; whatever follows one is the next employment.
numbered as (

    select
        *,
        coalesce(
            sum(case when is_employed then 0 else 1 end) over (
                partition by worker_id
                order by event_number
                rows between unbounded preceding and 1 preceding
            ),
            0
        ) as terminations_before,
        sum(case when tells_type and is_employed then 1 else 0 end) over (
            partition by worker_id
            order by event_number
            rows between unbounded preceding and current row
        ) as types_so_far,
        lead(effective_date) over (partition by worker_id order by event_number) as next_date
    from ordered

),

-- Leave does not say what kind of worker is on it: that of the status before holds.
typed as (

    select
        *,
        max(case when tells_type and is_employed then employment_status end) over (
            partition by worker_id, types_so_far
        ) as worker_status
    from numbered

),

endings as (

    select
        worker_id,
        terminations_before,
        max(effective_date) as terminated_date,
        max(termination_text) as termination_text,
        max(termination_reason) as termination_reason,
        bool_or(is_regretted) as is_regretted
    from typed
    where not is_employed
    group by worker_id, terminations_before

),

placed as (

    select
        worker_id,
        effective_date as valid_from,
        coalesce(
            lead(effective_date) over (partition by worker_id order by effective_date, _file_id, _row),
            cast('9999-12-31' as date)
        ) as valid_to,
        department
    from places

),

periods as (

    select
        typed.worker_id,
        typed.terminations_before,
        min(typed.effective_date) over (partition by typed.worker_id, typed.terminations_before) as hired_date,
        endings.terminated_date,
        endings.termination_text,
        endings.termination_reason,
        endings.is_regretted,
        typed.worker_status,
        typed.effective_date as valid_from,
        case
            when endings.terminated_date is not null
                then
                    least(
                        coalesce(typed.next_date, cast('9999-12-31' as date)),
                        cast({{ dbt.dateadd('day', 1, 'endings.terminated_date') }} as date)
                    )
            else coalesce(typed.next_date, cast('9999-12-31' as date))
        end as valid_until,
        -- The last status before the end lasts through the day of the end.
        typed.next_date = endings.terminated_date as is_last
    from typed
    left join endings
        on
            typed.worker_id = endings.worker_id
            and typed.terminations_before = endings.terminations_before
    where typed.is_employed

),

bounded as (

    select
        worker_id,
        hired_date,
        terminated_date,
        termination_text,
        termination_reason,
        is_regretted,
        worker_status,
        valid_from,
        case
            when is_last then cast({{ dbt.dateadd('day', 1, 'terminated_date') }} as date)
            else valid_until
        end as valid_to
    from periods

),

final as (

    select
        bounded.worker_id,
        bounded.hired_date,
        bounded.terminated_date,
        bounded.termination_text,
        bounded.termination_reason,
        bounded.is_regretted,
        bounded.worker_status,
        coalesce(placed.department, case when placed.worker_id is null then employees.department end) as department,
        employees.manager_id,
        greatest(bounded.valid_from, coalesce(placed.valid_from, bounded.valid_from)) as valid_from,
        least(bounded.valid_to, coalesce(placed.valid_to, bounded.valid_to)) as valid_to
    from bounded
    left join placed
        on
            bounded.worker_id = placed.worker_id
            and placed.valid_from < placed.valid_to
            and bounded.valid_from < placed.valid_to
            and bounded.valid_to > placed.valid_from
    left join employees
        on bounded.worker_id = employees.worker_id

),

dated_workers as (

    select distinct worker_id
    from final
    where valid_from < valid_to

)

select
    worker_id,
    hired_date,
    terminated_date,
    termination_text,
    termination_reason,
    is_regretted,
    worker_status,
    department,
    manager_id,
    valid_from,
    valid_to
from final
where valid_from < valid_to

union all

-- Nobody is dropped: who has no date at all is told, and cannot count.
select
    employees.worker_id,
    cast(null as date) as hired_date,
    employees.terminated_date,
    cast(null as {{ dbt.type_string() }}) as termination_text,
    cast(null as {{ dbt.type_string() }}) as termination_reason,
    cast(null as boolean) as is_regretted,
    employees.employment_status as worker_status,
    employees.department,
    employees.manager_id,
    cast(null as date) as valid_from,
    cast(null as date) as valid_to
from employees
left join dated_workers
    on employees.worker_id = dated_workers.worker_id
where dated_workers.worker_id is null
