{#-
    Pointer doubling: ancestor_k holds each commit's ancestor 2^k first parents back, child_k the same forwards along
    a side branch. Walking the tip back by 2^k for k from high to low marks its whole first-parent line in as many
    joins as there are powers, whatever its length. A power beyond the longest line has no rows: the steps that would
    read it name it, and what they come to without it, so that engines that write each step skip them.
-#}
{%- set doublings = var('max_chain_doublings') -%}
{%- set powers = range(doublings) -%}
{%- set steps = [] -%}

{%- set repositories -%}
    select
        repository,
        row_number() over (order by repository) as repository_number
    from {{ ref('int_commits') }}
    group by repository
{%- endset -%}
{%- do steps.append(['repositories', repositories]) -%}

{#- In the order of their instants: neighbours on a chain are then neighbours in memory. -#}
{%- set numbered -%}
    select
        row_number() over (
            order by repositories.repository_number, commits.committed_at, commits.sha
        ) as commit_number,
        repositories.repository_number,
        commits.repository,
        commits.sha,
        commits.first_parent_sha,
        commits.committed_at
    from {{ ref('int_commits') }} as commits
    inner join repositories
        on commits.repository = repositories.repository
{%- endset -%}
{%- do steps.append(['numbered', numbered]) -%}

{%- set linked -%}
    select
        child.commit_number,
        child.repository,
        child.sha,
        child.committed_at,
        parent.commit_number as parent_number
    from numbered as child
    left join numbered as parent
        on child.repository_number = parent.repository_number
        and child.first_parent_sha = parent.sha
{%- endset -%}
{%- do steps.append(['linked', linked]) -%}

{%- set first_parents -%}
    select
        commit_number,
        parent_number
    from linked
    where parent_number is not null
{%- endset -%}
{%- do steps.append(['ancestor_0', first_parents]) -%}

{%- for power in powers if power > 0 %}
    {%- set doubled -%}
    select
        near.commit_number,
        far.parent_number
    from ancestor_{{ power - 1 }} as near
    inner join ancestor_{{ power - 1 }} as far
        on near.parent_number = far.commit_number
    {%- endset -%}
    {%- set before = 'ancestor_' ~ (power - 1) -%}
    {%- do steps.append(['ancestor_' ~ power, doubled, before, before]) -%}
{%- endfor %}

{#- Rank of a commit as the continuation of its branch: brought onto the default branch, onto another, or neither. -#}
{%- set merged -%}
    select
        numbered.commit_number,
        max(case when changes.is_default_branch then 1 else 0 end) as on_default_branch
    from {{ ref('int_changes') }} as changes
    inner join numbered
        on changes.repository = numbered.repository
        and changes.merge_sha = numbered.sha
    where changes.merged_at is not null
    group by numbered.commit_number
{%- endset -%}
{%- do steps.append(['merged', merged]) -%}

{#- Normally one per repository. A hole in the history or a force push leaves several: the longest line counts. -#}
{%- set tip_candidates -%}
    select
        merged.commit_number,
        merged.commit_number as ancestor_number,
        cast(0 as bigint) as depth
    from merged
    left join (
        select distinct ancestor_0.parent_number
        from ancestor_0
        inner join merged
            on ancestor_0.commit_number = merged.commit_number
        where merged.on_default_branch = 1
    ) as continued
        on merged.commit_number = continued.parent_number
    where merged.on_default_branch = 1
        and continued.parent_number is null
{%- endset -%}
{%- do steps.append(['tip_' ~ doublings, tip_candidates]) -%}

{%- for power in powers | reverse %}
    {%- set deeper -%}
    select
        tip.commit_number,
        coalesce(ancestor.parent_number, tip.ancestor_number) as ancestor_number,
        tip.depth + case when ancestor.parent_number is null then 0 else {{ 2 ** power }} end as depth
    from tip_{{ power + 1 }} as tip
    left join ancestor_{{ power }} as ancestor
        on tip.ancestor_number = ancestor.commit_number
    {%- endset -%}
    {%- do steps.append(['tip_' ~ power, deeper, 'ancestor_' ~ power, 'tip_' ~ (power + 1)]) -%}
{%- endfor %}

{%- set mainline_tips -%}
    select
        ranked.commit_number,
        ranked.commit_number as tip_number,
        ranked.depth as chain_position
    from (
        select
            tip_0.commit_number,
            tip_0.depth,
            row_number() over (
                partition by linked.repository
                order by tip_0.depth desc, linked.committed_at desc, linked.sha
            ) as tip_rank
        from tip_0
        inner join linked
            on tip_0.commit_number = linked.commit_number
    ) as ranked
    where ranked.tip_rank = 1
{%- endset -%}
{%- do steps.append(['mainline_' ~ doublings, mainline_tips]) -%}

{%- for power in powers | reverse %}
    {%- set marked -%}
    select
        commit_number,
        tip_number,
        chain_position
    from mainline_{{ power + 1 }}
    union all
    select
        ancestor.parent_number as commit_number,
        mainline.tip_number,
        mainline.chain_position - {{ 2 ** power }} as chain_position
    from mainline_{{ power + 1 }} as mainline
    inner join ancestor_{{ power }} as ancestor
        on mainline.commit_number = ancestor.commit_number
    {%- endset -%}
    {%- do steps.append(['mainline_' ~ power, marked, 'ancestor_' ~ power, 'mainline_' ~ (power + 1)]) -%}
{%- endfor %}

{%- set continuations -%}
    select
        ranked.parent_number as commit_number,
        ranked.commit_number as child_number
    from (
        select
            linked.commit_number,
            linked.parent_number,
            row_number() over (
                partition by linked.parent_number
                order by
                    case when merged.commit_number is null then 1 else 0 end,
                    linked.committed_at desc,
                    linked.commit_number
            ) as child_rank
        from linked
        left join merged
            on linked.commit_number = merged.commit_number
        left join mainline_0 as child_on_mainline
            on linked.commit_number = child_on_mainline.commit_number
        left join mainline_0 as parent_on_mainline
            on linked.parent_number = parent_on_mainline.commit_number
        where linked.parent_number is not null
            and child_on_mainline.commit_number is null
            and parent_on_mainline.commit_number is null
    ) as ranked
    where ranked.child_rank = 1
{%- endset -%}
{%- do steps.append(['child_0', continuations]) -%}

{%- for power in powers if power > 0 %}
    {%- set doubled -%}
    select
        near.commit_number,
        far.child_number
    from child_{{ power - 1 }} as near
    inner join child_{{ power - 1 }} as far
        on near.child_number = far.commit_number
    {%- endset -%}
    {%- set before = 'child_' ~ (power - 1) -%}
    {%- do steps.append(['child_' ~ power, doubled, before, before]) -%}
{%- endfor %}

{%- set side_bases -%}
    select
        linked.commit_number,
        linked.commit_number as chain_id,
        cast(0 as bigint) as chain_position
    from linked
    left join mainline_0
        on linked.commit_number = mainline_0.commit_number
    left join child_0
        on linked.commit_number = child_0.child_number
    where mainline_0.commit_number is null
        and child_0.child_number is null
{%- endset -%}
{%- do steps.append(['side_' ~ doublings, side_bases]) -%}

{%- for power in powers | reverse %}
    {%- set marked -%}
    select
        commit_number,
        chain_id,
        chain_position
    from side_{{ power + 1 }}
    union all
    select
        child.child_number as commit_number,
        side.chain_id,
        side.chain_position + {{ 2 ** power }} as chain_position
    from side_{{ power + 1 }} as side
    inner join child_{{ power }} as child
        on side.commit_number = child.commit_number
    {%- endset -%}
    {%- do steps.append(['side_' ~ power, marked, 'child_' ~ power, 'side_' ~ (power + 1)]) -%}
{%- endfor %}

{%- set chained -%}
    select
        commit_number,
        tip_number as chain_id,
        chain_position,
        true as is_mainline
    from mainline_0
    union all
    select
        commit_number,
        chain_id,
        chain_position,
        false as is_mainline
    from side_0
{%- endset -%}
{%- do steps.append(['chained', chained]) -%}

{%- set final -%}
select
    linked.repository,
    linked.sha,
    cast(linked.commit_number as bigint) as commit_number,
    cast(linked.parent_number as bigint) as first_parent_number,
    cast(chained.chain_id as bigint) as chain_id,
    cast(chained.chain_position as bigint) as chain_position,
    coalesce(chained.is_mainline, false) as is_mainline
from linked
left join chained
    on linked.commit_number = chained.commit_number
{%- endset -%}

{{ config(post_hook="{{ drop_staged_steps(" ~ (steps | map(attribute=0) | list) ~ ") }}") }}

{{ staged_select(steps, final) }}
