with

stages as (

    select * from {{ ref('int_application_stages') }}

),

offers as (

    select * from {{ ref('int_offers') }}

),

applications as (

    select * from {{ ref('int_applications') }}

),

openings as (

    select * from {{ ref('int_openings') }}

),

jobs as (

    select * from {{ ref('int_jobs') }}

),

ratings as (

    select * from {{ ref('int_ratings') }}

),

spells as (

    select * from {{ ref('int_employment_spells') }}

),

values_seen as (

    select
        source_system as system,
        'hiring stage' as concept,
        stage_name as raw_value
    from stages
    where canonical_stage = 'unmapped'

    union all

    select
        source_system as system,
        'offer status' as concept,
        coalesce(source_status, '(none)') as raw_value
    from offers
    where offer_status = 'unmapped'

    union all

    select
        source_system as system,
        'application status' as concept,
        coalesce(source_status, '(none)') as raw_value
    from applications
    where application_status = 'unmapped' and exclusion_reason is null

    union all

    select
        source_system as system,
        'close reason' as concept,
        close_reason as raw_value
    from openings
    where close_kind = 'unmapped'

    union all

    select
        source_system as system,
        'hiring department' as concept,
        coalesce(department_name, '(none)') as raw_value
    from jobs
    where team_id = 'unmapped'

    union all

    select
        'workday' as system,
        'rating' as concept,
        rating as raw_value
    from ratings
    where rating_band = 'unmapped'

    union all

    -- Reasons are typed by hand and may tell about a person: they stay in the restricted tables, and only their number is
    -- told here.
    select
        source_system as system,
        'termination' as concept,
        '(as the HR system words it)' as raw_value
    from spells
    where termination_kind = 'unmapped' and exclusion_reason is null

)

select
    system,
    concept,
    raw_value,
    count(*) as record_count
from values_seen
group by system, concept, raw_value
