{%- set cell = 'suppression_family, piece_start, segment_type' -%}
{%- set pair = 'suppression_family, piece_start, here_place, there_place' -%}
with places as (

    select
        suppression_family,
        piece_start,
        place_id,
        segment_type,
        segment_id
    from {{ ref('int_kpi_people_places') }}

),

cells as (

    select
        suppression_family,
        window_start,
        window_end,
        segment_type,
        segment_id,
        population,
        lasting_size,
        is_too_small
    from {{ ref('int_kpi_people_cells') }}

),

-- A segment that is too small in a window goes dark in all of it: whatever the windows that overlap it differ by.
segments as (

    select
        pieces.suppression_family,
        pieces.piece_start,
        pieces.segment_type,
        pieces.segment_id,
        cast(coalesce(max(cells.is_too_small), 0) as bigint) as is_small,
        -- Whole thousandths of people, which add up alike in any order.
        cast(coalesce(max(cells.lasting_size), 0) * 1000 as bigint) as weight,
        cast(coalesce(min(case when cells.population > 0 then cells.population end), 0) * 1000 as bigint) as least_population
    from (select distinct suppression_family, piece_start, segment_type, segment_id from places) as pieces
    left join cells
        on
            pieces.suppression_family = cells.suppression_family
            and pieces.segment_type = cells.segment_type
            and pieces.segment_id = cells.segment_id
            and pieces.piece_start >= cells.window_start
            and pieces.piece_start <= cells.window_end
    where pieces.segment_id <> ''
    group by pieces.suppression_family, pieces.piece_start, pieces.segment_type, pieces.segment_id

),

placed as (

    select
        places.suppression_family,
        places.piece_start,
        places.place_id,
        places.segment_type,
        places.segment_id,
        coalesce(segments.is_small, 0) as is_small,
        coalesce(segments.weight, 0) as weight,
        coalesce(segments.least_population, 0) as least_population
    from places
    left join segments on {{ joined_on('places', 'segments', cell ~ ', segment_id') }}

),

here as (

    select
        placed.*,
        max(is_small) over (partition by suppression_family, piece_start, place_id) as has_small
    from placed

),

-- Nowhere is where people go if there is no other place: then every sum that they are in is hidden, the organisation's too.
there as (

    select suppression_family, piece_start, place_id, segment_type, segment_id, is_small, weight, least_population
    from placed
    union all
    select distinct
        suppression_family,
        piece_start,
        'nowhere' as place_id,
        segment_type,
        '' as segment_id,
        cast(0 as bigint) as is_small,
        cast(0 as bigint) as weight,
        cast(0 as bigint) as least_population
    from placed

),

differences as (

    select
        here.suppression_family,
        here.piece_start,
        here.segment_type,
        here.place_id as here_place,
        there.place_id as there_place,
        here.segment_id as here_segment,
        there.segment_id as there_segment,
        here.is_small,
        (1 - here.is_small) * here.weight + (1 - there.is_small) * there.weight as weight,
        here.least_population as here_population,
        there.least_population as there_population
    from here
    inner join there on {{ joined_on('here', 'there', cell) }}
    where here.has_small = 1 and here.segment_id <> there.segment_id

),

exchanges as (

    select
        differences.*,
        sum(weight) over (partition by {{ pair }}) as total_weight
    from differences

),

-- Places between which nothing but small segments differ are dark together, whatever is chosen.
freely_exchanged as (

    select
        suppression_family,
        piece_start,
        segment_type,
        here_place,
        sum(there_population) as population
    from (
        select
            suppression_family,
            piece_start,
            segment_type,
            here_place,
            there_segment,
            max(there_population) as there_population
        from exchanges
        where total_weight = 0 and there_segment <> ''
        group by suppression_family, piece_start, segment_type, here_place, there_segment
    ) as free_segments
    group by suppression_family, piece_start, segment_type, here_place

),

-- The sum of all that is dark together stays known: it must not rest on too few people either.
weighed as (

    select
        exchanges.*,
        max(
            case
                when exchanges.there_segment = '' then 0
                when
                    exchanges.here_population
                    + coalesce(free.population, 0)
                    + case when exchanges.total_weight > 0 then exchanges.there_population else 0 end
                    >= {{ var('min_group_size') }} * 1000
                    then 0
                else 1
            end
        ) over (
            partition by
                exchanges.suppression_family, exchanges.piece_start, exchanges.here_place, exchanges.there_place
        ) as is_thin
    from exchanges
    left join freely_exchanged as free
        on {{ joined_on('exchanges', 'free', cell ~ ', here_place') }}

),

-- Whoever is in a small segment has somewhere else to be: every place of it is given its own exchange.
ranked as (

    select
        weighed.*,
        row_number() over (
            partition by {{ cell }}, here_segment, here_place
            order by is_thin, total_weight, there_place
        ) as preference
    from weighed
    where is_small = 1 and here_segment <> ''

),

chosen as (

    select distinct
        suppression_family,
        piece_start,
        here_place,
        there_place
    from ranked
    where preference = 1

),

dark as (

    select
        differences.suppression_family,
        differences.piece_start,
        differences.segment_type,
        differences.here_segment,
        differences.there_segment
    from differences
    inner join chosen on {{ joined_on('differences', 'chosen', pair) }}

),

own as (

    select suppression_family, piece_start, segment_type, here_segment as segment_id
    from dark
    where here_segment <> ''
    union
    select suppression_family, piece_start, segment_type, there_segment as segment_id
    from dark
    where there_segment <> ''

),

followers as (

    select distinct
        suppression_family,
        suppressed_with
    from {{ ref('dim_kpi') }}
    where is_people and suppressed_with is not null

)

select suppression_family, piece_start, segment_type, segment_id
from own
union
select followers.suppression_family, own.piece_start, own.segment_type, own.segment_id
from own
inner join followers on own.suppression_family = followers.suppressed_with
