with own_cells as (

    select
        suppression_family,
        window_start,
        window_end,
        segment_type,
        segment_id,
        population,
        is_too_small
    from {{ ref('int_kpi_people_cells') }}

),

followers as (

    select distinct
        suppression_family,
        suppressed_with
    from {{ ref('dim_kpi') }}
    where is_people and suppressed_with is not null

),

-- A follower's cell with nobody in it is one of the leader's all the same: that it is empty may be what is hidden there.
cells as (

    select
        suppression_family,
        window_start,
        window_end,
        segment_type,
        segment_id,
        max(population) as population,
        max(is_too_small) as is_too_small
    from (
        select suppression_family, window_start, window_end, segment_type, segment_id, population, is_too_small
        from own_cells
        union all
        select
            followers.suppression_family,
            own_cells.window_start,
            own_cells.window_end,
            own_cells.segment_type,
            own_cells.segment_id,
            cast(0 as double) as population,
            cast(0 as bigint) as is_too_small
        from own_cells
        inner join followers on own_cells.suppression_family = followers.suppressed_with
    ) as cells
    group by suppression_family, window_start, window_end, segment_type, segment_id

),

dark as (

    select
        suppression_family,
        piece_start,
        segment_type,
        segment_id
    from {{ ref('int_kpi_hidden_pieces') }}

),

dark_cells as (

    select distinct
        cells.suppression_family,
        cells.window_start,
        cells.window_end,
        cells.segment_type,
        cells.segment_id
    from cells
    inner join dark
        on
            cells.suppression_family = dark.suppression_family
            and cells.segment_type = dark.segment_type
            and cells.segment_id = dark.segment_id
            and dark.piece_start >= cells.window_start
            and dark.piece_start <= cells.window_end

)

select
    cells.suppression_family,
    cells.window_start,
    cells.window_end,
    cells.segment_type,
    cells.segment_id,
    cells.population,
    cells.is_too_small = 1 or dark_cells.segment_id is not null as is_suppressed,
    case
        when cells.is_too_small = 1 then 'too_few_people'
        when dark_cells.segment_id is not null then 'protects_another'
    end as suppression_reason
from cells
left join dark_cells
    on {{ joined_on('cells', 'dark_cells', 'suppression_family, window_start, window_end, segment_type, segment_id') }}
