-- Nearly all commits have one parent or two, which lie in columns; only the rest is taken out of the list.
with told as (

    select
        repository,
        sha,
        first_parent_sha,
        second_parent_sha,
        parent_count,
        parents
    from {{ ref('int_commit_tellings') }}

),

many as (

    select
        repository,
        sha,
        parents
    from told
    where parent_count > 2

),

listed as (

    {{ explode_json_array('many', ['repository', 'sha'], 'parents', 'parent') }}

),

edges as (

    select
        repository,
        sha,
        first_parent_sha as parent_sha,
        cast(0 as bigint) as parent_index
    from told
    where first_parent_sha is not null
    union all
    select
        repository,
        sha,
        second_parent_sha as parent_sha,
        cast(1 as bigint) as parent_index
    from told
    where second_parent_sha is not null
    union all
    select
        repository,
        sha,
        lower(coalesce(
            {{ json_text(valid_json('parent'), 'sha') }},
            {{ json_text(valid_json('parent'), 'hash') }},
            {{ json_text(valid_json('parent'), 'id') }},
            parent
        )) as parent_sha,
        element_index as parent_index
    from listed
    where element_index > 1

)

select
    repository,
    sha,
    min(parent_sha) as parent_sha,
    parent_index
from edges
group by repository, sha, parent_index
