{#- CTEs that add to hidden cells those that must hide with them, so that none can be worked out from what stays.

    `cells` names a CTE: window_id, suppression_family, window_start, window_end, segment_type, segment_id, component
    (of teams and groups, see below), population, lasting_size (by which the next smallest is found), is_too_small (passed on), is_hidden 0/1.
    Ends in CTE <prefix>_result: the cells with is_suppressed 0/1. One chain of window functions and no self-join:
    engines that expand a CTE at every mention would choke on it otherwise.

    What is published are sums over people: of a team, of a group, of the organisation. Join teams and groups that
    share people and take the connected components (a team that moved within the window joins its two groups). Inside
    a component the teams' figures and the groups' figures both add up to the component's; over components the groups
    add up to the organisation's. There is no other linear relation, so a hidden cell stays unknown if
      1. a component with anything hidden hides at least two teams, or, having but one, its groups as well;
      2. hidden groups lie in at least two components, or, where all is one component, are at least two;
      3. where that cannot be had, the organisation's own figure is hidden.
    Whoever has nobody in it hides nobody: cells of population 0 take no part. Other segment types split the
    organisation once: of those, one hidden cell hides the next smallest. -#}
{% macro suppression_pass(prefix, cells) -%}
{%- set in_type = "partition by window_id, segment_type" -%}
{{ prefix }}_parts as (

    select
        parts.*,
        max(case when segment_type in ('team', 'group') then takes_part * is_hidden else 0 end)
            over (partition by window_id, component) as component_hides,
        sum(case when segment_type = 'team' then takes_part else 0 end)
            over (partition by window_id, component) as component_teams,
        sum(takes_part * is_hidden) over ({{ in_type }}) as hidden_siblings,
        row_number() over (
            {{ in_type }}, case when segment_type = 'team' then component else '' end, takes_part
            order by is_hidden desc, lasting_size, segment_id
        ) as smallness
    from (
        select
            cells.*,
            case when cells.population > 0 then 1 else 0 end as takes_part
        from {{ cells }} as cells
    ) as parts

),

{{ prefix }}_groups as (

    select
        parts.*,
        case
            when
                segment_type = 'group'
                and takes_part = 1
                and (is_hidden = 1 or (component_hides = 1 and component_teams <= 1))
                then 1
            else 0
        end as hides_group,
        case when segment_type = 'group' and takes_part = 1 then component end as group_component
    from {{ prefix }}_parts as parts

),

{{ prefix }}_windows as (

    select
        groups.*,
        sum(hides_group) over (partition by window_id) as hidden_groups,
        min(case when hides_group = 1 then component end) over (partition by window_id) as first_hidden_component,
        max(case when hides_group = 1 then component end) over (partition by window_id) as last_hidden_component,
        min(group_component) over (partition by window_id) as first_component,
        max(group_component) over (partition by window_id) as last_component
    from {{ prefix }}_groups as groups

),

{{ prefix }}_candidates as (

    select
        ranked.*,
        case
            when
                is_candidate = 1
                and row_number() over (partition by window_id, is_candidate order by lasting_size, segment_id) = 1
                then 1
            else 0
        end as is_extra
    from (
        select
            windows.*,
            case
                when
                    group_component is not null
                    and hides_group = 0
                    and first_hidden_component = last_hidden_component
                    and (
                        component <> first_hidden_component
                        or (first_component = last_component and hidden_groups = 1)
                    )
                    then 1
                else 0
            end as is_candidate
        from {{ prefix }}_windows as windows
    ) as ranked

),

{{ prefix }}_members as (

    select
        extended.*,
        case
            when is_hidden = 1 or hides_group = 1 or is_extra = 1 then 1
            when takes_part = 0 or segment_type = 'org' then 0
            when segment_type = 'group' and component = extra_component and component_teams <= 1 then 1
            when segment_type = 'group' then 0
            when segment_type = 'team' and smallness <= 2 and (component_hides = 1 or component = extra_component) then 1
            when segment_type = 'team' then 0
            when hidden_siblings = 1 and smallness = 2 then 1
            else 0
        end as hides
    from (
        select
            candidates.*,
            max(case when is_extra = 1 then component end) over (partition by window_id) as extra_component
        from {{ prefix }}_candidates as candidates
    ) as extended

),

{{ prefix }}_result as (

    select
        window_id,
        suppression_family,
        window_start,
        window_end,
        segment_type,
        segment_id,
        population,
        is_too_small,
        case
            when hides = 1 then 1
            -- One hidden cell of its kind that nothing could be found to hide beside: the whole would give it away.
            when segment_type = 'org' and max(is_lone) over (partition by window_id) = 1 then 1
            -- An organisation too small to show has no part that may be shown.
            when takes_part = 1 and max(case when segment_type = 'org' then is_hidden end) over (partition by window_id) = 1
                then 1
            else 0
        end as is_suppressed
    from (
        select
            members.*,
            case when segment_type <> 'org' and sum(hides * takes_part) over ({{ in_type }}) = 1 then 1 else 0 end as is_lone
        from {{ prefix }}_members as members
    ) as members

)
{%- endmacro %}

{#- Name of a window: rows of one family that may be held against each other. -#}
{% macro window_id(family, window_start, window_end) -%}
    {{ family }} || ' ' || cast({{ window_start }} as {{ dbt.type_string() }}) || ' ' || cast({{ window_end }} as {{ dbt.type_string() }})
{%- endmacro %}

{#- As suppression_pass, and what it hides stays hidden in every window of the family that overlaps: a cell hidden
    only now and then could be worked out from the windows before and after, which differ from it by a few months. -#}
{% macro lasting_suppression(prefix, cells) -%}
{{ suppression_pass(prefix ~ '_first', cells) }},

{{ prefix }}_lasting as (

    select
        cells.window_id,
        cells.suppression_family,
        cells.window_start,
        cells.window_end,
        cells.segment_type,
        cells.segment_id,
        max(cells.component) as component,
        max(cells.population) as population,
        max(cells.lasting_size) as lasting_size,
        max(cells.is_too_small) as is_too_small,
        max(coalesce(overlapping.is_suppressed, 0)) as is_hidden
    from {{ cells }} as cells
    left join {{ prefix }}_first_result as overlapping
        on
            cells.suppression_family = overlapping.suppression_family
            and cells.segment_type = overlapping.segment_type
            and cells.segment_id = overlapping.segment_id
            and cells.window_start <= overlapping.window_end
            and overlapping.window_start <= cells.window_end
            and overlapping.is_suppressed = 1
    group by
        cells.window_id,
        cells.suppression_family,
        cells.window_start,
        cells.window_end,
        cells.segment_type,
        cells.segment_id

),

{{ suppression_pass(prefix, prefix ~ '_lasting') }}
{%- endmacro %}
