{#-
    Every commit lies on one first-parent chain, so what is reachable from a commit is a prefix of its own chain and,
    through merges and forks, prefixes of others. An *axis* is a chain that is deployed from, or the mainline. For each
    axis this model tells from which position on a change's commit is contained, following branches that were merged
    into branches `max_merge_nesting` deep; the mainline is never walked from another axis: there a single number, how
    far the deployed commit reaches on it, says it all.
-#}
{%- set nesting = var('max_merge_nesting') -%}
{%- set steps = [] -%}

{%- set step -%}
    select * from {{ ref('int_commit_chain') }}
    where chain_id is not null
{%- endset -%}
{%- do steps.append(['commits', step]) -%}

{%- set step -%}
    select distinct
        commit_number,
        chain_id,
        chain_position
    from {{ ref('int_deployment_commits') }}
    where chain_id is not null
{%- endset -%}
{%- do steps.append(['deployed_commits', step]) -%}

{%- set step -%}
    select * from {{ ref('int_changes') }}
    where merged_at is not null
{%- endset -%}
{%- do steps.append(['changes', step]) -%}

{%- set step -%}
    select distinct
        repository,
        chain_id
    from commits
    where is_mainline
{%- endset -%}
{%- do steps.append(['mainlines', step]) -%}

{%- set step -%}
    select chain_id as axis_id
    from mainlines
    union
    select chain_id as axis_id
    from deployed_commits
{%- endset -%}
{%- do steps.append(['axes', step]) -%}

{%- set step -%}
    select
        repository,
        sha,
        parent_sha
    from {{ ref('int_commit_parents') }}
    where parent_index > 0
{%- endset -%}
{%- do steps.append(['other_parents', step]) -%}

{#- An edge leads from a commit to a parent on another chain: what was merged into it, or what its branch forked from. -#}
{%- set step -%}
    select
        child.chain_id as from_chain_id,
        child.chain_position as from_position,
        parent.chain_id as to_chain_id,
        parent.chain_position as to_position,
        parent.is_mainline as to_mainline
    from other_parents
    inner join commits as child
        on
            other_parents.repository = child.repository
            and other_parents.sha = child.sha
    inner join commits as parent
        on
            other_parents.repository = parent.repository
            and other_parents.parent_sha = parent.sha
    where child.chain_id <> parent.chain_id
    union all
    select
        child.chain_id as from_chain_id,
        child.chain_position as from_position,
        parent.chain_id as to_chain_id,
        parent.chain_position as to_position,
        parent.is_mainline as to_mainline
    from commits as child
    inner join commits as parent
        on child.first_parent_number = parent.commit_number
    where child.chain_id <> parent.chain_id
{%- endset -%}
{%- do steps.append(['edges', step]) -%}

{%- set step -%}
    select
        edges.from_chain_id as axis_id,
        edges.to_chain_id as chain_id,
        edges.to_position as chain_position,
        edges.to_mainline,
        min(edges.from_position) as axis_position
    from edges
    inner join axes
        on edges.from_chain_id = axes.axis_id
    group by edges.from_chain_id, edges.to_chain_id, edges.to_position, edges.to_mainline
{%- endset -%}
{%- do steps.append(['reached_1', step]) -%}

{%- for level in range(2, nesting + 1) %}
{#- The first axis position that reaches an edge is the least among the arrivals at or beyond the edge's start. -#}
{%- set step -%}
    select
        axis_id,
        to_chain_id,
        to_position,
        to_mainline,
        min(axis_position) over (
            partition by axis_id, chain_id
            order by chain_position desc, is_edge asc
            rows between unbounded preceding and current row
        ) as axis_position,
        is_edge
    from (
        select
            axis_id,
            chain_id,
            chain_position,
            axis_position,
            cast(null as bigint) as to_chain_id,
            cast(null as bigint) as to_position,
            cast(null as boolean) as to_mainline,
            0 as is_edge
        from reached_{{ level - 1 }}
        where not to_mainline
        union all
        select
            arrivals.axis_id,
            edges.from_chain_id as chain_id,
            edges.from_position as chain_position,
            cast(null as bigint) as axis_position,
            edges.to_chain_id,
            edges.to_position,
            edges.to_mainline,
            1 as is_edge
        from edges
        inner join (
            select distinct
                axis_id,
                chain_id
            from reached_{{ level - 1 }}
            where not to_mainline
        ) as arrivals
            on
                edges.from_chain_id = arrivals.chain_id
                and edges.to_chain_id <> arrivals.axis_id
    ) as arrivals_and_edges
{%- endset -%}
{%- do steps.append(['onward_' ~ level, step]) -%}

{%- set step -%}
    select
        axis_id,
        to_chain_id as chain_id,
        to_position as chain_position,
        to_mainline,
        min(axis_position) as axis_position
    from onward_{{ level }}
    where
        is_edge = 1
        and axis_position is not null
    group by axis_id, to_chain_id, to_position, to_mainline
{%- endset -%}
{%- do steps.append(['reached_' ~ level, step]) -%}

{%- endfor %}
{%- set step -%}
    {% for level in range(1, nesting + 1) -%}
        select
            axis_id,
            chain_id,
            chain_position,
            to_mainline,
            axis_position
        from reached_{{ level }}
        {{ "union all" if not loop.last }}
    {% endfor %}
{%- endset -%}
{%- do steps.append(['reached', step]) -%}

{%- set step -%}
    select distinct
        commits.commit_number,
        commits.chain_id,
        commits.chain_position
    from (
        select
            repository,
            merge_sha as sha
        from changes
        where merge_sha is not null
        union all
        select
            repository,
            head_sha as sha
        from changes
        where head_sha is not null
    ) as named
    inner join commits
        on
            named.repository = commits.repository
            and named.sha = commits.sha
{%- endset -%}
{%- do steps.append(['change_commits', step]) -%}

{%- set step -%}
    select
        change_commits.commit_number,
        change_commits.chain_id as axis_id,
        change_commits.chain_position as axis_position
    from change_commits
    inner join axes
        on change_commits.chain_id = axes.axis_id
    union all
    select
        commit_number,
        axis_id,
        axis_position
    from (
        select
            commit_number,
            axis_id,
            min(axis_position) over (
                partition by axis_id, chain_id
                order by chain_position desc, is_change asc
                rows between unbounded preceding and current row
            ) as axis_position,
            is_change
        from (
            select
                axis_id,
                chain_id,
                chain_position,
                axis_position,
                cast(null as bigint) as commit_number,
                0 as is_change
            from reached
            where not to_mainline
            union all
            select
                arrivals.axis_id,
                change_commits.chain_id,
                change_commits.chain_position,
                cast(null as bigint) as axis_position,
                change_commits.commit_number,
                1 as is_change
            from change_commits
            inner join (
                select distinct
                    axis_id,
                    chain_id
                from reached
                where not to_mainline
            ) as arrivals
                on change_commits.chain_id = arrivals.chain_id
        ) as arrivals_and_changes
    ) as entered
    where
        is_change = 1
        and axis_position is not null
{%- endset -%}
{%- do steps.append(['change_entries', step]) -%}

{#- How far along the mainline a commit deployed from another branch reaches: the farthest fork or merge behind it. -#}
{%- set step -%}
    select
        commit_number,
        mainline_id as axis_id,
        axis_position
    from (
        select
            commit_number,
            mainline_id,
            max(mainline_position) over (
                partition by axis_id, mainline_id
                order by axis_position, is_deployed
                rows between unbounded preceding and current row
            ) as axis_position,
            is_deployed
        from (
            select
                axis_id,
                axis_position,
                chain_id as mainline_id,
                chain_position as mainline_position,
                cast(null as bigint) as commit_number,
                0 as is_deployed
            from reached
            where to_mainline
            union all
            select
                arrivals.axis_id,
                deployed_commits.chain_position as axis_position,
                arrivals.mainline_id,
                cast(null as bigint) as mainline_position,
                deployed_commits.commit_number,
                1 as is_deployed
            from deployed_commits
            inner join (
                select distinct
                    axis_id,
                    chain_id as mainline_id
                from reached
                where to_mainline
            ) as arrivals
                on deployed_commits.chain_id = arrivals.axis_id
        ) as arrivals_and_deployed
    ) as walked
    where
        is_deployed = 1
        and axis_position is not null
{%- endset -%}
{%- do steps.append(['mainline_reach', step]) -%}

{%- set step -%}
    select
        commit_number,
        'change' as role,
        axis_id,
        min(axis_position) as axis_position
    from change_entries
    group by commit_number, axis_id
    union all
    select
        commit_number,
        'deployed' as role,
        chain_id as axis_id,
        chain_position as axis_position
    from deployed_commits
    union all
    select
        commit_number,
        'deployed' as role,
        axis_id,
        axis_position
    from mainline_reach
{%- endset -%}
{%- do steps.append(['final', step]) -%}

{%- set final -%}
select
    commit_number,
    role,
    axis_id,
    axis_position
from final
{%- endset -%}

{{ config(post_hook="{{ drop_staged_steps(" ~ (steps | map(attribute=0) | list) ~ ") }}") }}

{{ staged_select(steps, final) }}
