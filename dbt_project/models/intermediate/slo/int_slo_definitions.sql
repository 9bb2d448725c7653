with

openslo as (

    select * from {{ ref('stg_prometheus__slo_definitions') }}

),

pyrra as (

    select * from {{ ref('stg_prometheus__pyrra_objectives') }}

),

datadog as (

    select
        *,
        count(*) over (partition by slo_id, valid_from) as objective_count
    from {{ ref('stg_datadog__slos') }}

),

identifiers as (

    select * from {{ ref('int_service_identifiers') }}

),

services as (

    select distinct service_id
    from {{ ref('int_service_ownership') }}

),

counted as (

    select
        *,
        count(*) over (partition by slo_name, valid_from) as objective_count
    from openslo

),

documents as (

    select
        'prometheus' as source_system,
        case
            when objective_count = 1 then slo_name
            else slo_name || ':' || replace(lower(objective_name), ' ', '-')
        end as slo_id,
        slo_name as document_id,
        case
            when objective_count = 1 then slo_display_name
            else slo_display_name || ': ' || objective_name
        end as slo_name,
        service,
        objective,
        budgeting_method,
        time_slice_target,
        time_slice_seconds,
        window_type,
        window_count,
        window_unit,
        calendar_started_local_at,
        calendar_time_zone,
        description,
        query,
        valid_from
    from counted

    union all

    select
        'prometheus' as source_system,
        slo_name as slo_id,
        slo_name as document_id,
        slo_name,
        service,
        objective,
        'occurrences' as budgeting_method,
        cast(null as decimal(18, 9)) as time_slice_target,
        cast(null as bigint) as time_slice_seconds,
        'rolling' as window_type,
        window_count,
        window_unit,
        cast(null as timestamp) as calendar_started_local_at,
        cast(null as {{ dbt.type_string() }}) as calendar_time_zone,
        description,
        query,
        valid_from
    from pyrra

    union all

    -- Good events of all events, or good seconds of all seconds: both are counted alike.
    select
        'datadog' as source_system,
        'datadog:' || slo_id || case when objective_count = 1 then '' else ':' || timeframe end as slo_id,
        'datadog:' || slo_id as document_id,
        slo_name || case when objective_count = 1 then '' else ': ' || timeframe end as slo_name,
        service,
        objective,
        'occurrences' as budgeting_method,
        cast(null as decimal(18, 9)) as time_slice_target,
        cast(null as bigint) as time_slice_seconds,
        'rolling' as window_type,
        window_count,
        case when window_count is not null then 'day' end as window_unit,
        cast(null as timestamp) as calendar_started_local_at,
        cast(null as {{ dbt.type_string() }}) as calendar_time_zone,
        description,
        query,
        valid_from
    from datadog

),

-- A bare service name may also be known to the catalogue under another id; the SLO's own name is the last resort.
service_names as (

    select distinct
        documents.service,
        documents.document_id,
        coalesce(
            by_service.service_id,
            services.service_id,
            by_slo.service_id,
            'unmapped'
        ) as service_id
    from documents
    left join identifiers as by_service
        on
            by_service.tool = documents.source_system
            and by_service.identifier = lower(documents.service)
    left join services
        on lower(services.service_id) = lower(documents.service)
    left join identifiers as by_slo
        on
            by_slo.tool = documents.source_system
            and by_slo.identifier = lower(replace(documents.document_id, 'datadog:', ''))

),

one_service as (

    select
        service,
        document_id,
        min(service_id) as service_id
    from service_names
    group by service, document_id

),

measured as (

    select
        documents.slo_id,
        documents.document_id,
        documents.slo_name,
        one_service.service_id,
        documents.objective,
        documents.budgeting_method,
        case when documents.budgeting_method = 'timeslices' then documents.time_slice_target end as time_slice_target,
        case when documents.budgeting_method <> 'occurrences' then documents.time_slice_seconds end
            as time_slice_seconds,
        documents.window_type,
        case
            when documents.window_unit = 'hour' and documents.window_count % 24 = 0
                then cast(documents.window_count / 24 as bigint)
            when documents.window_unit <> 'hour'
                then
                    documents.window_count
                    * case documents.window_unit
                        when 'day' then 1
                        when 'week' then 7
                        when 'month' then 30
                        when 'quarter' then 90
                        else 365
                    end
        end as window_days,
        case
            when documents.window_type = 'calendar'
                then
                    case
                        when documents.window_unit = 'month' and documents.window_count = 3 then 'quarter'
                        when documents.window_unit = 'month' and documents.window_count = 12 then 'year'
                        when documents.window_unit = 'day' and documents.window_count % 7 = 0 then 'week'
                        else documents.window_unit
                    end
        end as calendar_unit,
        case
            when documents.window_type = 'calendar' and documents.window_unit in ('month', 'quarter', 'year')
                then
                    documents.window_count
                    * case documents.window_unit when 'month' then 1 when 'quarter' then 3 else 12 end
        end as calendar_months,
        case
            when documents.window_type = 'calendar' and documents.window_unit in ('day', 'week')
                then documents.window_count * case documents.window_unit when 'day' then 1 else 7 end
        end as calendar_days,
        -- 2001 began on a Monday: without a start, weeks, months, quarters and years begin where calendars do.
        case
            when documents.window_type = 'calendar'
                then coalesce(documents.calendar_started_local_at, cast('2001-01-01 00:00:00' as timestamp))
        end as calendar_started_local_at,
        case
            when documents.window_type = 'calendar'
                then coalesce(documents.calendar_time_zone, '{{ var("business_timezone") }}')
        end as calendar_time_zone,
        documents.description,
        documents.query,
        documents.valid_from,
        case
            when documents.objective is null then 'no_target'
            when documents.objective < 0 or documents.objective >= 1 then 'target_out_of_range'
            when documents.budgeting_method is null then 'unknown_budgeting_method'
            when documents.budgeting_method = 'timeslices' and documents.time_slice_target is null
                then 'no_time_slice_target'
            when documents.budgeting_method <> 'occurrences' and coalesce(documents.time_slice_seconds, 0) <= 0
                then 'no_time_slice_window'
            when
                coalesce(documents.window_count, 0) = 0
                or (
                    documents.window_unit = 'hour'
                    and (documents.window_count % 24 <> 0 or documents.window_type = 'calendar')
                )
                then 'unreadable_window'
        end as exclusion_reason
    from documents
    left join one_service
        on
            documents.document_id = one_service.document_id
            and coalesce(one_service.service, '') = coalesce(documents.service, '')

),

fingerprinted as (

    select
        *,
        {{ hash_text([
            'slo_name', 'service_id', 'objective', 'budgeting_method', 'time_slice_target', 'time_slice_seconds',
            'window_type', 'window_days', 'calendar_months', 'calendar_days', 'calendar_started_local_at',
            'calendar_time_zone', 'description', 'query',
        ]) }} as fingerprint
    from measured

),

-- Two documents may claim one id for one day (an OpenSLO file and a Pyrra resource, say): one of them holds.
numbered as (

    select
        *,
        row_number() over (partition by slo_id, valid_from order by fingerprint) as copy_number
    from fingerprinted

),

compared as (

    select
        *,
        lag(fingerprint) over (partition by slo_id order by valid_from nulls first) as fingerprint_before
    from numbered
    where copy_number = 1

),

-- Folders of every day repeat what has not changed.
changed as (

    select
        *,
        row_number() over (partition by slo_id order by valid_from nulls first) as version_number
    from compared
    where fingerprint_before is null or fingerprint_before <> fingerprint

),

final as (

    select
        slo_id,
        slo_name,
        service_id,
        objective,
        budgeting_method,
        time_slice_target,
        time_slice_seconds,
        window_type,
        window_days,
        calendar_unit,
        description,
        query,
        -- The first definition known speaks for the time before it, too: else the samples of that time had none.
        case when version_number = 1 then cast('1970-01-01' as date) else valid_from end as valid_from,
        coalesce(
            lead(valid_from) over (partition by slo_id order by valid_from nulls first),
            cast('9999-12-31' as date)
        ) as valid_to,
        document_id,
        calendar_months,
        calendar_days,
        calendar_started_local_at,
        calendar_time_zone,
        exclusion_reason
    from changed

)

select * from final
