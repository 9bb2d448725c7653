with cells as (

    select
        window_id,
        suppression_family,
        suppressed_with,
        window_start,
        window_end,
        segment_type,
        segment_id,
        component,
        population,
        lasting_size,
        is_hidden
    from {{ ref('int_kpi_people_cells') }}

),

leading_cells as (

    select
        window_id,
        suppression_family,
        window_start,
        window_end,
        segment_type,
        segment_id,
        component,
        population,
        lasting_size,
        is_hidden as is_too_small,
        is_hidden
    from cells
    where suppressed_with is null

),

{{ lasting_suppression('leading', 'leading_cells') }},

-- A family that follows another hides whatever that one hides, then looks after itself.
followers as (

    select distinct
        suppression_family,
        suppressed_with
    from cells
    where suppressed_with is not null

),

following_cells as (

    select
        window_id,
        suppression_family,
        window_start,
        window_end,
        segment_type,
        segment_id,
        max(component) as component,
        max(population) as population,
        max(lasting_size) as lasting_size,
        max(is_hidden) as is_too_small,
        max(is_hidden) as is_hidden
    from (
        select
            window_id,
            suppression_family,
            window_start,
            window_end,
            segment_type,
            segment_id,
            component,
            population,
            lasting_size,
            is_hidden
        from cells
        where suppressed_with is not null
        union all
        select
            {{ window_id('followers.suppression_family', 'leading_result.window_start', 'leading_result.window_end') }} as window_id,
            followers.suppression_family,
            leading_result.window_start,
            leading_result.window_end,
            leading_result.segment_type,
            leading_result.segment_id,
            cast(null as {{ dbt.type_string() }}) as component,
            cast(0 as double) as population,
            cast(0 as double) as lasting_size,
            cast(1 as bigint) as is_hidden
        from leading_result
        inner join followers on leading_result.suppression_family = followers.suppressed_with
        where leading_result.is_suppressed = 1
    ) as own_and_inherited
    group by window_id, suppression_family, window_start, window_end, segment_type, segment_id

),

{{ lasting_suppression('following', 'following_cells') }},

results as (

    select suppression_family, window_start, window_end, segment_type, segment_id, population, is_too_small, is_suppressed
    from leading_result
    union all
    select suppression_family, window_start, window_end, segment_type, segment_id, population, is_too_small, is_suppressed
    from following_result

)

select
    suppression_family,
    window_start,
    window_end,
    segment_type,
    segment_id,
    population,
    is_suppressed = 1 as is_suppressed,
    case
        when is_too_small = 1 then 'too_few_people'
        when is_suppressed = 1 then 'protects_another'
    end as suppression_reason
from results
