with

source as (

    select * from {{ source('raw_workday', 'worker_history') }}

),

final as (

    select
        worker_id,
        history_started_at,
        synced_at,
        coalesce(is_deleted, false) as is_deleted,
        coalesce(is_hire_rescinded, false) as is_hire_rescinded,
        coalesce(hired_on, original_hired_on, first_day_of_work) as hired_date,
        case
            -- After a rehire the record may still show the end of the employment before.
            when is_rehire and not coalesce(is_terminated, false) and terminated_on < hired_on then null
            when terminated_on is not null then terminated_on
            when is_terminated then coalesce(end_employment_date, last_day_of_work)
        end as terminated_date,
        coalesce(is_terminated, false) as is_terminated,
        {{ slug('coalesce(termination_category, termination_reason)') }} as termination_text,
        is_termination_involuntary,
        termination_reason,
        {{ tri_state('regrettable_termination') }} as is_regretted,
        contract_vendor_name is not null or contract_end_date is not null as is_contingent,
        _file_id,
        _row
    from source

)

select * from final
