{%- set last_day = "cast('" ~ var("as_of_date") ~ "' as date)" -%}
{%- set day_before = "cast(" ~ dbt.dateadd('month', -12, last_day) ~ " as date)" -%}
with

changes as (

    select
        service_id,
        change_id,
        author_id
    from {{ ref('fct_changes') }}
    where
        state = 'merged'
        and not coalesce(is_bot, false)
        and not coalesce(is_pure_merge, false)
        and {{ business_date('merged_at') }} > {{ day_before }}
        and {{ business_date('merged_at') }} <= {{ last_day }}

),

services as (

    select
        service_id,
        team_id,
        group_id,
        tier
    from {{ ref('dim_service') }}
    where is_active
    union all
    select distinct
        changes.service_id,
        'unmapped' as team_id,
        'unmapped' as group_id,
        'unmapped' as tier
    from changes
    left join {{ ref('dim_service') }} as known on changes.service_id = known.service_id
    where known.service_id is null

),

by_author as (

    select
        service_id,
        author_id,
        count(distinct change_id) as changes
    from changes
    where author_id is not null
    group by service_id, author_id

),

accumulated as (

    select
        service_id,
        row_number() over (partition by service_id order by changes desc, author_id asc) as people,
        sum(changes) over (
            partition by service_id
            order by changes desc, author_id asc
            rows between unbounded preceding and current row
        ) as changes_so_far,
        sum(changes) over (partition by service_id) as all_changes
    from by_author

),

factors as (

    select
        service_id,
        max(all_changes) as changes,
        max(people) as authors,
        min(case when 2 * changes_so_far >= all_changes then people end) as bus_factor
    from accumulated
    group by service_id

),

unattributed as (

    select
        service_id,
        count(distinct change_id) as changes
    from changes
    where author_id is null
    group by service_id

)

select
    services.service_id,
    services.team_id,
    services.group_id,
    services.tier,
    cast({{ dbt.dateadd('day', 1, day_before) }} as date) as window_start_date,
    {{ last_day }} as window_end_date,
    cast(coalesce(factors.changes, 0) as bigint) as changes,
    cast(coalesce(unattributed.changes, 0) as bigint) as unattributed_changes,
    cast(coalesce(factors.authors, 0) as bigint) as authors,
    cast(factors.bus_factor as bigint) as bus_factor,
    factors.bus_factor = 1 as is_single_point_of_failure
from services
left join factors on services.service_id = factors.service_id
left join unattributed on services.service_id = unattributed.service_id
