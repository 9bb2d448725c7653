{#-
    Pointer doubling: ancestor_k holds each commit's ancestor 2^k first parents back, child_k the same forwards along
    a side branch. Walking the tip back by 2^k for k from high to low marks its whole first-parent line in as many
    joins as there are powers, whatever its length. A power beyond the longest line has no rows: the steps that would
    read it name it, and what they come to without it, so that engines that write each step skip them.
-#}
{%- set doublings = var('max_chain_doublings') -%}
{%- set powers = range(doublings) -%}
{%- set steps = [] -%}

{%- set numbered -%}
    select
        row_number() over (order by repository, sha) as commit_number,
        repository,
        sha,
        first_parent_sha,
        committed_at
    from {{ ref('int_commits') }}
{%- endset -%}
{%- do steps.append(['numbered', numbered]) -%}

{%- set first_parents -%}
    select
        child.commit_number,
        parent.commit_number as parent_number
    from numbered as child
    inner join numbered as parent
        on child.repository = parent.repository
        and child.first_parent_sha = parent.sha
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
                partition by numbered.repository
                order by tip_0.depth desc, numbered.committed_at desc, numbered.sha
            ) as tip_rank
        from tip_0
        inner join numbered
            on tip_0.commit_number = numbered.commit_number
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
            ancestor_0.commit_number,
            ancestor_0.parent_number,
            row_number() over (
                partition by ancestor_0.parent_number
                order by
                    case when merged.commit_number is null then 1 else 0 end,
                    numbered.committed_at desc,
                    ancestor_0.commit_number
            ) as child_rank
        from ancestor_0
        inner join numbered
            on ancestor_0.commit_number = numbered.commit_number
        left join merged
            on ancestor_0.commit_number = merged.commit_number
        left join mainline_0 as child_on_mainline
            on ancestor_0.commit_number = child_on_mainline.commit_number
        left join mainline_0 as parent_on_mainline
            on ancestor_0.parent_number = parent_on_mainline.commit_number
        where child_on_mainline.commit_number is null
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
        numbered.commit_number,
        numbered.commit_number as chain_id,
        cast(0 as bigint) as chain_position
    from numbered
    left join mainline_0
        on numbered.commit_number = mainline_0.commit_number
    left join child_0
        on numbered.commit_number = child_0.child_number
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

{%- set final -%}
select
    numbered.repository,
    numbered.sha,
    cast(numbered.commit_number as bigint) as commit_number,
    cast(ancestor_0.parent_number as bigint) as first_parent_number,
    cast(coalesce(mainline_0.tip_number, side_0.chain_id) as bigint) as chain_id,
    cast(coalesce(mainline_0.chain_position, side_0.chain_position) as bigint) as chain_position,
    mainline_0.commit_number is not null as is_mainline
from numbered
left join ancestor_0
    on numbered.commit_number = ancestor_0.commit_number
left join mainline_0
    on numbered.commit_number = mainline_0.commit_number
left join side_0
    on numbered.commit_number = side_0.commit_number
{%- endset -%}

{{ config(post_hook="{{ drop_staged_steps(" ~ (steps | map(attribute=0) | list) ~ ") }}") }}

{{ staged_select(steps, final) }}
