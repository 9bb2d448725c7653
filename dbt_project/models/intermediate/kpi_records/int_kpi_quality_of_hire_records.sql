{%- set days = var('quality_of_hire_days') -%}
{%- set rating_days = var('quality_of_hire_rating_days') -%}
with

spells as (

    select * from {{ ref('int_employment_spells') }}
    where exclusion_reason is null

),

positions as (

    select * from {{ ref('int_position_spells') }}

),

ratings as (

    select * from {{ ref('int_ratings') }}

),

hires as (

    select
        source_system,
        worker_id,
        spell_number,
        worker_id || '|' || source_system || '|' || cast(spell_number as {{ dbt.type_string() }}) as record_id,
        hired_date,
        cast({{ dbt.dateadd('day', days, 'hired_date') }} as date) as judged_date,
        cast({{ dbt.dateadd('day', rating_days, 'hired_date') }} as date) as last_rating_date,
        terminated_date
    from spells

),

-- The team that hired them: where they began.
first_places as (

    select
        hires.source_system,
        hires.worker_id,
        hires.spell_number,
        positions.team_id,
        positions.counts_as_headcount
    from hires
    inner join positions
        on
            hires.source_system = positions.source_system
            and hires.worker_id = positions.worker_id
            and hires.spell_number = positions.spell_number
            and hires.hired_date >= positions.valid_from
            and hires.hired_date < positions.valid_to

),

ranked_ratings as (

    select
        hires.source_system,
        hires.worker_id,
        hires.spell_number,
        ratings.is_at_least_meets,
        row_number() over (
            partition by hires.source_system, hires.worker_id, hires.spell_number
            order by ratings.rated_date desc
        ) as rating_rank
    from hires
    inner join ratings
        on
            hires.worker_id = ratings.worker_id
            and ratings.rated_date >= hires.hired_date
            and ratings.rated_date <= hires.last_rating_date
            and ratings.rated_date <= cast('{{ var("as_of_date") }}' as date)

),

review_days as (

    select distinct rated_date
    from ratings
    where rated_date <= cast('{{ var("as_of_date") }}' as date)

),

first_review as (

    select min(rated_date) as rated_date
    from review_days

),

-- Where nobody was reviewed in somebody's time, those who left would be all that counts: the share would be 0, and a lie.
reviewed as (

    select distinct
        hires.source_system,
        hires.worker_id,
        hires.spell_number
    from hires
    inner join review_days
        on
            hires.hired_date <= review_days.rated_date
            and hires.last_rating_date >= review_days.rated_date

),

judged as (

    select
        hires.record_id,
        hires.judged_date,
        coalesce(first_places.team_id, 'unmapped') as team_id,
        coalesce(hires.terminated_date < hires.judged_date, false) as has_left,
        ranked_ratings.is_at_least_meets,
        case
            when not coalesce(first_places.counts_as_headcount, false) then 'not_headcount'
            when reviewed.worker_id is null then 'not_rated'
            when hires.terminated_date < hires.judged_date then null
            when ranked_ratings.is_at_least_meets is null then 'not_rated'
        end as exclusion_reason
    from hires
    left join first_places
        on
            hires.source_system = first_places.source_system
            and hires.worker_id = first_places.worker_id
            and hires.spell_number = first_places.spell_number
    left join reviewed
        on
            hires.source_system = reviewed.source_system
            and hires.worker_id = reviewed.worker_id
            and hires.spell_number = reviewed.spell_number
    left join ranked_ratings
        on
            hires.source_system = ranked_ratings.source_system
            and hires.worker_id = ranked_ratings.worker_id
            and hires.spell_number = ranked_ratings.spell_number
            and ranked_ratings.rating_rank = 1
    -- Before anybody was reviewed at all nothing was said of any hire.
    inner join first_review on hires.last_rating_date >= first_review.rated_date
    where hires.judged_date <= cast('{{ var("as_of_date") }}' as date)

)

select
    'quality_of_hire' as kpi_id,
    record_id,
    judged_date as event_date,
    cast(null as {{ dbt.type_string() }}) as service_id,
    team_id,
    cast(null as {{ dbt.type_string() }}) as severity,
    cast(null as {{ dbt.type_string() }}) as provider,
    cast(null as {{ dbt.type_string() }}) as customer_id,
    cast(
        case when exclusion_reason is null and not has_left and is_at_least_meets then 1 else 0 end as decimal(38, 9)
    ) as numerator,
    cast(case when exclusion_reason is null then 1 else 0 end as decimal(38, 9)) as denominator,
    cast(null as double) as measured,
    exclusion_reason
from judged
