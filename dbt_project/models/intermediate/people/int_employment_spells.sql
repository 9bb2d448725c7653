with

worker_history as (

    select * from {{ ref('stg_workday__worker_history') }}

),

positions as (

    select * from {{ ref('stg_workday__worker_positions') }}

),

roster as (

    select * from {{ ref('stg_workday__roster') }}

),

bamboohr_periods as (

    select * from {{ ref('int_bamboohr_periods') }}

),

ratings as (

    select * from {{ ref('int_ratings') }}

),

worker_types as (

    select * from {{ ref('hr_worker_types') }}

),

termination_kinds as (

    select * from {{ ref('hr_termination_kinds') }}

),

fallback_rules as (

    select * from {{ ref('hr_regretted_fallback') }}

),

-- One employment is told by every version of the record that names its first day; the newest version holds.
ranked_versions as (

    select
        *,
        row_number() over (
            partition by worker_id, hired_date
            order by
                coalesce(history_started_at, cast('1900-01-01 00:00:00' as timestamp)) desc,
                coalesce(synced_at, cast('1900-01-01 00:00:00' as timestamp)) desc,
                _file_id desc,
                _row desc
        ) as version_rank
    from worker_history

),

employments as (

    select
        *,
        coalesce(history_started_at, cast('1900-01-01 00:00:00' as timestamp)) as told_at
    from ranked_versions
    where version_rank = 1

),

-- A first day that was corrected leaves the old version behind: a person cannot be employed twice at a time, so of two
-- employments that overlap the one told later holds. A rehire does not overlap: it begins after the old one ended.
superseded as (

    select distinct
        older.worker_id,
        older.hired_date
    from employments as older
    inner join employments as newer
        on
            older.worker_id = newer.worker_id
            and older.hired_date <> newer.hired_date
            and (
                older.told_at < newer.told_at
                or (older.told_at = newer.told_at and older.hired_date < newer.hired_date)
            )
            and newer.hired_date <= coalesce(older.terminated_date, cast('9999-12-31' as date))
            and older.hired_date <= coalesce(newer.terminated_date, cast('9999-12-31' as date))

),

-- The type of an employment is that of its last position; a position of another time is better than none.
typed_positions as (

    select
        employments.worker_id,
        employments.hired_date,
        positions.employee_type,
        positions.is_external,
        positions.is_excluded_from_headcount,
        row_number() over (
            partition by employments.worker_id, employments.hired_date
            order by
                case
                    when
                        positions.valid_from >= employments.hired_date
                        and positions.valid_from <= coalesce(employments.terminated_date, cast('9999-12-31' as date))
                        then 0
                    else 1
                end,
                case when positions.is_primary_job then 0 else 1 end,
                case when positions.employee_type is not null then 0 else 1 end,
                positions.valid_from desc,
                coalesce(positions.history_started_at, cast('1900-01-01 00:00:00' as timestamp)) desc,
                positions._file_id desc,
                positions._row desc
        ) as position_rank
    from employments
    inner join positions
        on employments.worker_id = positions.worker_id
    where coalesce(positions.exclusion_reason, '') <> 'deleted'

),

workday as (

    select
        'workday' as source_system,
        employments.worker_id,
        employments.hired_date,
        employments.terminated_date,
        case
            when typed_positions.is_external or (employments.is_contingent and typed_positions.employee_type is null)
                then 'contractor'
            else typed_positions.employee_type
        end as source_type,
        coalesce(typed_positions.is_excluded_from_headcount, false) as is_excluded_from_headcount,
        employments.termination_text,
        employments.is_termination_involuntary,
        employments.termination_reason,
        employments.is_regretted,
        cast(null as {{ dbt.type_string() }}) as last_rating,
        case
            when employments.is_deleted then 'deleted'
            when employments.is_hire_rescinded then 'hire_rescinded'
            when employments.hired_date is null then 'no_hire_date'
            when superseded.worker_id is not null then 'superseded_by_edit'
            when employments.terminated_date < employments.hired_date then 'end_before_start'
            when employments.is_terminated and employments.terminated_date is null then 'no_termination_date'
        end as exclusion_reason
    from employments
    left join superseded
        on
            employments.worker_id = superseded.worker_id
            and employments.hired_date = superseded.hired_date
    left join typed_positions
        on
            employments.worker_id = typed_positions.worker_id
            and employments.hired_date = typed_positions.hired_date
            and typed_positions.position_rank = 1

),

workday_workers as (

    select distinct worker_id
    from worker_history

),

ranked_periods as (

    select
        *,
        row_number() over (
            partition by worker_id, hired_date
            order by valid_from desc, coalesce(department, ''), coalesce(worker_status, '')
        ) as period_rank
    from bamboohr_periods

),

bamboohr as (

    select
        'bamboohr' as source_system,
        worker_id,
        hired_date,
        terminated_date,
        worker_status as source_type,
        false as is_excluded_from_headcount,
        termination_text,
        cast(null as boolean) as is_termination_involuntary,
        termination_reason,
        is_regretted,
        cast(null as {{ dbt.type_string() }}) as last_rating,
        case when hired_date is null then 'no_hire_date' end as exclusion_reason
    from ranked_periods
    where period_rank = 1

),

bamboohr_workers as (

    select distinct worker_id
    from bamboohr_periods

),

ranked_roster as (

    select
        roster.*,
        row_number() over (
            partition by roster.worker_id, roster.hired_date
            order by
                coalesce(roster.valid_from, cast('1900-01-01' as date)) desc,
                coalesce(roster.updated_at, cast('1900-01-01 00:00:00' as timestamp)) desc,
                roster._file_id desc,
                roster._row desc
        ) as row_rank
    from roster

),

rostered as (

    select
        'roster' as source_system,
        ranked_roster.worker_id,
        ranked_roster.hired_date,
        ranked_roster.terminated_date,
        ranked_roster.worker_type as source_type,
        false as is_excluded_from_headcount,
        ranked_roster.termination_text,
        cast(null as boolean) as is_termination_involuntary,
        ranked_roster.termination_reason,
        ranked_roster.is_regretted,
        ranked_roster.last_rating,
        case
            when workday_workers.worker_id is not null then 'told_by_workday'
            when bamboohr_workers.worker_id is not null then 'told_by_bamboohr'
            when ranked_roster.hired_date is null then 'no_hire_date'
            when ranked_roster.terminated_date < ranked_roster.hired_date then 'end_before_start'
            -- The later of two rows for overlapping employments holds, as in a history of edits.
            when
                lead(ranked_roster.hired_date) over (
                    partition by ranked_roster.worker_id order by ranked_roster.hired_date
                ) <= coalesce(ranked_roster.terminated_date, cast('9999-12-31' as date))
                then 'superseded_by_edit'
        end as exclusion_reason
    from ranked_roster
    left join workday_workers
        on ranked_roster.worker_id = workday_workers.worker_id
    left join bamboohr_workers
        on ranked_roster.worker_id = bamboohr_workers.worker_id
    where ranked_roster.row_rank = 1

),

spells as (

    select
        source_system,
        worker_id,
        hired_date,
        terminated_date,
        source_type,
        is_excluded_from_headcount,
        termination_text,
        is_termination_involuntary,
        termination_reason,
        is_regretted,
        last_rating,
        exclusion_reason
    from workday

    union all

    select
        source_system,
        worker_id,
        hired_date,
        terminated_date,
        source_type,
        is_excluded_from_headcount,
        termination_text,
        is_termination_involuntary,
        termination_reason,
        is_regretted,
        last_rating,
        exclusion_reason
    from rostered

    union all

    select
        source_system,
        worker_id,
        hired_date,
        terminated_date,
        source_type,
        is_excluded_from_headcount,
        termination_text,
        is_termination_involuntary,
        termination_reason,
        is_regretted,
        last_rating,
        exclusion_reason
    from bamboohr

),

-- The rating that stood when the employment ended.
dated_ratings as (

    select
        spells.source_system,
        spells.worker_id,
        spells.hired_date,
        ratings.rating,
        row_number() over (
            partition by spells.source_system, spells.worker_id, spells.hired_date
            order by ratings.rated_date desc
        ) as rating_rank
    from spells
    inner join ratings
        on
            spells.worker_id = ratings.worker_id
            and ratings.rated_date >= spells.hired_date
            and ratings.rated_date <= coalesce(spells.terminated_date, cast('9999-12-31' as date))

),

termination_texts as (

    select distinct termination_text
    from spells
    where termination_text is not null

),

matched_kinds as (

    select
        termination_texts.termination_text,
        termination_kinds.termination_kind,
        row_number() over (
            partition by termination_texts.termination_text order by termination_kinds.priority
        ) as kind_rank
    from termination_texts
    inner join termination_kinds
        on {{ matches_pattern('termination_texts.termination_text', 'termination_kinds.pattern') }}

),

kinded as (

    select
        spells.*,
        coalesce(spells.last_rating, dated_ratings.rating) as rating,
        case
            when spells.terminated_date is not null
                then
                    coalesce(
                        matched_kinds.termination_kind,
                        case
                            when spells.is_termination_involuntary then 'involuntary'
                            when not spells.is_termination_involuntary then 'voluntary'
                        end,
                        'unmapped'
                    )
        end as termination_kind
    from spells
    left join matched_kinds
        on
            spells.termination_text = matched_kinds.termination_text
            and matched_kinds.kind_rank = 1
    left join dated_ratings
        on
            spells.source_system = dated_ratings.source_system
            and spells.worker_id = dated_ratings.worker_id
            and spells.hired_date = dated_ratings.hired_date
            and dated_ratings.rating_rank = 1

),

any_rating_rules as (

    select * from fallback_rules
    where last_rating = '*'

),

rating_rules as (

    select * from fallback_rules
    where last_rating <> '*'

),

unknown_type as (

    select
        worker_type,
        counts_as_headcount
    from worker_types
    where source_value = 'unmapped'

),

final as (

    select
        kinded.source_system,
        kinded.worker_id,
        cast(
            row_number() over (
                partition by kinded.source_system, kinded.worker_id
                order by case when kinded.exclusion_reason is null then 0 else 1 end, kinded.hired_date
            ) as bigint
        ) as spell_number,
        coalesce(worker_types.worker_type, 'unmapped') as worker_type,
        coalesce(worker_types.counts_as_headcount, unknown_type.counts_as_headcount, false)
        and not kinded.is_excluded_from_headcount as counts_as_headcount,
        kinded.hired_date,
        kinded.terminated_date,
        kinded.termination_kind,
        case when kinded.terminated_date is not null then kinded.termination_reason end as termination_reason,
        case when kinded.terminated_date is not null then kinded.is_regretted end as is_regretted,
        case
            when kinded.terminated_date is not null and kinded.is_regretted is null
                then coalesce(rating_rules.is_regretted, any_rating_rules.is_regretted)
        end as is_regretted_by_rule,
        kinded.exclusion_reason
    from kinded
    left join unknown_type
        on 1 = 1
    left join worker_types
        on kinded.source_type = worker_types.source_value
    left join any_rating_rules
        on kinded.termination_kind = any_rating_rules.termination_kind
    left join rating_rules
        on
            kinded.termination_kind = rating_rules.termination_kind
            and kinded.rating = rating_rules.last_rating

)

select * from final
