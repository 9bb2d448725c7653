with

ratings as (

    select * from {{ ref('stg_workday__performance_ratings') }}

),

roster as (

    select * from {{ ref('stg_workday__roster') }}

),

bands as (

    select * from {{ ref('hr_ratings') }}

),

told as (

    select
        worker_id,
        rated_date,
        rating,
        review_cycle,
        'performance_ratings' as told_by
    from ratings

    union all

    -- A roster tells the last rating; it dates it only where its rows are dated.
    select
        worker_id,
        cast(updated_at as date) as rated_date,
        last_rating as rating,
        cast(null as {{ dbt.type_string() }}) as review_cycle,
        'roster' as told_by
    from roster
    where last_rating is not null

),

ranked as (

    select
        told.worker_id,
        told.rated_date,
        told.rating,
        coalesce(bands.rating_band, 'unmapped') as rating_band,
        told.review_cycle,
        told.told_by,
        row_number() over (
            partition by told.worker_id, told.rated_date
            order by told.told_by asc, coalesce(told.review_cycle, '') desc, told.rating asc
        ) as rating_rank
    from told
    left join bands
        on told.rating = bands.source_value

)

select
    worker_id,
    rated_date,
    rating,
    rating_band,
    case
        when rating_band in ('exceeds', 'meets') then true
        when rating_band = 'below' then false
    end as is_at_least_meets,
    review_cycle,
    told_by
from ranked
where rating_rank = 1
