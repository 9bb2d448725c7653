-- A commit is told by the listing of its branch and by each pull request that it belongs to.
{{ config(materialized='view') }}
{#- What tells of commits in these columns: its system, what it lists, and the columns that it has not, with their types. -#}
{%- set no_pull_request, no_files = {'pull_number': 'bigint'}, {'files': 'string'} -%}
{%- set no_author_type = {'author_type': 'string'} -%}
{%- set listings = [
    ('github', 'branch', 'stg_github__commits', no_pull_request),
    ('github', 'pull_request', 'stg_github__pull_request_commits', no_files),
    ('gitlab', 'branch', 'stg_gitlab__commits', dict(no_pull_request, **dict(no_files, **no_author_type))),
    ('gitlab', 'pull_request', 'stg_gitlab__merge_request_commits', dict(no_files, **no_author_type)),
    ('bitbucket', 'branch', 'stg_bitbucket__commits', dict(no_pull_request, **no_files)),
    ('bitbucket', 'pull_request', 'stg_bitbucket__pull_request_commits', no_files),
] -%}
{%- set columns = [
    'repository', 'pull_number', 'sha', 'author_id', 'author_type', 'authored_at', 'committed_at', 'message_title',
    'reverts_sha', 'first_parent_sha', 'second_parent_sha', 'parent_count', 'parents', 'files',
] %}

{% for source_system, told_by, relation, absent in listings -%}
select
    '{{ source_system }}' as source_system,
    '{{ told_by }}' as told_by,
    {%- for column in columns %}
    {{ 'cast(null as ' ~ absent[column] ~ ') as ' if column in absent }}{{ column }}{{ ',' if not loop.last }}
    {%- endfor %}
from {{ ref(relation) }}
union all
{% endfor -%}
-- A listing, which tells the parents too, wins over the webhook of the push.
select
    'github' as source_system,
    'branch' as told_by,
    pushes.repository,
    cast(null as bigint) as pull_number,
    pushes.sha,
    pushes.author_id,
    cast(null as string) as author_type,
    pushes.committed_at as authored_at,
    pushes.committed_at,
    pushes.message_title,
    pushes.reverts_sha,
    pushes.first_parent_sha,
    cast(null as string) as second_parent_sha,
    case when pushes.first_parent_sha is not null then cast(1 as bigint) end as parent_count,
    cast(null as string) as parents,
    cast(null as string) as files
from {{ ref('stg_github__pushes') }} as pushes
left join {{ ref('stg_github__commits') }} as listed
    on pushes.repository = listed.repository and pushes.sha = listed.sha
where pushes.is_default_branch and listed.sha is null
union all
select
    'azure_devops' as source_system,
    'pull_request' as told_by,
    coalesce(repositories.repository, commits.repository_id) as repository,
    commits.pull_number,
    commits.sha,
    commits.author_id,
    cast(null as string) as author_type,
    commits.authored_at,
    commits.committed_at,
    commits.message_title,
    commits.reverts_sha,
    lower({{ json_text('commits.parents', '[0]') }}) as first_parent_sha,
    lower({{ json_text('commits.parents', '[1]') }}) as second_parent_sha,
    case when commits.parents is not null then cast(json_array_length(commits.parents) as bigint) end as parent_count,
    commits.parents,
    cast(null as string) as files
from {{ ref('stg_azure_devops__pull_request_commits') }} as commits
left join {{ ref('int_azure_devops_repositories') }} as repositories
    on
        commits.organization = repositories.organization
        and commits.repository_id = repositories.repository_id
