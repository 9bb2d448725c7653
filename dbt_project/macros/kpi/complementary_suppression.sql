{#- CTEs that add to hidden cells those that must hide with them, so that none can be worked out from what stays.

    `cells` (window_id, segment_type, segment_id, population, lasting_size by which the next smallest is found,
    is_hidden 0/1) and `links` (window_id, team_id, group_id: whose people were in which group during the window) are
    names of CTEs. Ends in CTE <prefix>_result: the cells with is_suppressed 0/1.

    What is published are sums over people: of a team, of a group, of the organisation. Join teams and groups that
    share people and take the connected components (a team that moved within the window joins its two groups). Inside
    a component the teams' figures and the groups' figures both add up to the component's; over components the groups
    add up to the organisation's. There is no other linear relation, so a hidden cell stays unknown if
      1. a component with anything hidden hides at least two teams, or, having but one, its groups as well;
      2. hidden groups lie in at least two components, or, where all is one component, are at least two;
      3. where that cannot be had, the organisation's own figure is hidden.
    Whoever has nobody in it hides nobody: cells of population 0 take no part. Other segment types split the
    organisation once: of those, one hidden cell hides the next smallest. -#}
{% macro complementary_suppression(prefix, cells, links) -%}
{{ prefix }}_neighbours as (

    select distinct
        here.window_id,
        here.group_id,
        there.group_id as other_group_id
    from {{ links }} as here
    inner join {{ links }} as there on here.window_id = there.window_id and here.team_id = there.team_id

),

{#- Squared three times: groups up to eight moves of teams apart within one window are joined. -#}
{% for step in [1, 2, 3] -%}
{{ prefix }}_reach_{{ step }} as (

    select distinct
        here.window_id,
        here.group_id,
        there.other_group_id
    from {{ prefix }}_{{ 'neighbours' if step == 1 else 'reach_' ~ (step - 1) }} as here
    inner join {{ prefix }}_{{ 'neighbours' if step == 1 else 'reach_' ~ (step - 1) }} as there
        on here.window_id = there.window_id and here.other_group_id = there.group_id

),

{% endfor -%}
{{ prefix }}_components as (

    select
        window_id,
        group_id,
        min(other_group_id) as component
    from {{ prefix }}_reach_3
    group by window_id, group_id

),

{{ prefix }}_team_components as (

    select
        links.window_id,
        links.team_id,
        min(components.component) as component
    from {{ links }} as links
    inner join {{ prefix }}_components as components
        on links.window_id = components.window_id and links.group_id = components.group_id
    group by links.window_id, links.team_id

),

{{ prefix }}_teams as (

    select
        cells.window_id,
        cells.segment_id as team_id,
        coalesce(team_components.component, cells.segment_id) as component,
        cells.is_hidden,
        row_number() over (
            partition by cells.window_id, coalesce(team_components.component, cells.segment_id)
            order by cells.is_hidden desc, cells.lasting_size, cells.segment_id
        ) as smallness
    from {{ cells }} as cells
    left join {{ prefix }}_team_components as team_components
        on cells.window_id = team_components.window_id and cells.segment_id = team_components.team_id
    where cells.segment_type = 'team' and cells.population > 0

),

{{ prefix }}_groups as (

    select
        cells.window_id,
        cells.segment_id as group_id,
        coalesce(components.component, cells.segment_id) as component,
        cells.lasting_size,
        cells.is_hidden
    from {{ cells }} as cells
    left join {{ prefix }}_components as components
        on cells.window_id = components.window_id and cells.segment_id = components.group_id
    where cells.segment_type = 'group' and cells.population > 0

),

{{ prefix }}_component_state as (

    select
        window_id,
        component,
        sum(team_count) as team_count,
        max(is_hidden) as has_hidden
    from (
        select window_id, component, 1 as team_count, is_hidden
        from {{ prefix }}_teams
        union all
        select window_id, component, 0 as team_count, is_hidden
        from {{ prefix }}_groups
    ) as members
    group by window_id, component

),

{{ prefix }}_groups_before as (

    select
        grouped.window_id,
        grouped.group_id,
        grouped.component,
        grouped.lasting_size,
        case when grouped.is_hidden = 1 or (state.has_hidden = 1 and state.team_count <= 1) then 1 else 0 end as is_hidden
    from {{ prefix }}_groups as grouped
    inner join {{ prefix }}_component_state as state
        on grouped.window_id = state.window_id and grouped.component = state.component

),

{{ prefix }}_windows as (

    select
        window_id,
        count(distinct component) as component_count,
        count(distinct case when is_hidden = 1 then component end) as hidden_component_count,
        sum(is_hidden) as hidden_group_count,
        min(case when is_hidden = 1 then component end) as hidden_component
    from {{ prefix }}_groups_before
    group by window_id

),

{{ prefix }}_extra as (

    select
        grouped.window_id,
        grouped.group_id,
        grouped.component,
        row_number() over (partition by grouped.window_id order by grouped.lasting_size, grouped.group_id) as smallness
    from {{ prefix }}_groups_before as grouped
    inner join {{ prefix }}_windows as windows on grouped.window_id = windows.window_id
    where
        grouped.is_hidden = 0
        and windows.hidden_component_count = 1
        and (
            grouped.component <> windows.hidden_component
            or (windows.component_count = 1 and windows.hidden_group_count = 1)
        )

),

{{ prefix }}_groups_after as (

    select
        grouped.window_id,
        grouped.group_id,
        case
            when
                grouped.is_hidden = 1
                or extra.group_id = grouped.group_id
                or (extra.component = grouped.component and state.team_count <= 1)
                then 1
            else 0
        end as is_suppressed
    from {{ prefix }}_groups_before as grouped
    inner join {{ prefix }}_component_state as state
        on grouped.window_id = state.window_id and grouped.component = state.component
    left join {{ prefix }}_extra as extra on grouped.window_id = extra.window_id and extra.smallness = 1

),

{{ prefix }}_teams_after as (

    select
        teams.window_id,
        teams.team_id,
        case
            when teams.is_hidden = 1 then 1
            when (state.has_hidden = 1 or extra.component is not null) and teams.smallness <= 2 then 1
            else 0
        end as is_suppressed
    from {{ prefix }}_teams as teams
    inner join {{ prefix }}_component_state as state
        on teams.window_id = state.window_id and teams.component = state.component
    left join {{ prefix }}_extra as extra
        on teams.window_id = extra.window_id and teams.component = extra.component and extra.smallness = 1

),

{{ prefix }}_others_after as (

    select
        window_id,
        segment_type,
        segment_id,
        case
            when is_hidden = 1 then 1
            when hidden_count = 1 and smallness = 2 then 1
            else 0
        end as is_suppressed
    from (
        select
            window_id,
            segment_type,
            segment_id,
            is_hidden,
            sum(is_hidden) over (partition by window_id, segment_type) as hidden_count,
            row_number() over (
                partition by window_id, segment_type
                order by is_hidden desc, lasting_size, segment_id
            ) as smallness
        from {{ cells }}
        where segment_type not in ('org', 'group', 'team') and population > 0
    ) as others

),

{{ prefix }}_members_after as (

    select window_id, 'group' as segment_type, group_id as segment_id, is_suppressed
    from {{ prefix }}_groups_after
    union all
    select window_id, 'team' as segment_type, team_id as segment_id, is_suppressed
    from {{ prefix }}_teams_after
    union all
    select window_id, segment_type, segment_id, is_suppressed
    from {{ prefix }}_others_after

),

-- One lone hidden cell of a type that nothing could be found to hide beside: the organisation's figure would give it away.
{{ prefix }}_lone as (

    select distinct window_id
    from (
        select window_id, segment_type
        from {{ prefix }}_members_after
        group by window_id, segment_type
        having sum(is_suppressed) = 1
    ) as lone_types

),

{{ prefix }}_organisations as (

    select
        cells.window_id,
        case when cells.is_hidden = 1 or lone.window_id is not null then 1 else 0 end as is_suppressed
    from {{ cells }} as cells
    left join {{ prefix }}_lone as lone on cells.window_id = lone.window_id
    where cells.segment_type = 'org'

),

{{ prefix }}_result as (

    select
        cells.window_id,
        cells.segment_type,
        cells.segment_id,
        cells.population,
        cells.is_hidden,
        case
            when cells.is_hidden = 1 or members.is_suppressed = 1 then 1
            when organisations.is_suppressed = 1 and cells.segment_type = 'org' then 1
            -- An organisation too small to show has no part that may be shown.
            when org_cells.is_hidden = 1 and cells.population > 0 then 1
            else 0
        end as is_suppressed
    from {{ cells }} as cells
    left join {{ prefix }}_members_after as members
        on
            cells.window_id = members.window_id
            and cells.segment_type = members.segment_type
            and cells.segment_id = members.segment_id
    left join {{ prefix }}_organisations as organisations on cells.window_id = organisations.window_id
    left join {{ cells }} as org_cells on cells.window_id = org_cells.window_id and org_cells.segment_type = 'org'

)
{%- endmacro %}
