-- A repository that is wholly one service needs no paths. In one of several, and in one of which the catalogue gives its
-- service a part, the files that a change touched say whose it is; they come only with the answer for a single commit:
-- its own squash or merge commit, or the commits of its branch.
with changes as (

    select
        change_id,
        source_system,
        repository,
        number,
        merge_sha
    from {{ ref('int_changes') }}

),

repositories as (

    select
        repository,
        service_count,
        service_id
    from {{ ref('int_known_repositories') }}

),

-- Where part of a repository is a service, the rest of it is nobody's that the catalogue knows.
divided_repositories as (

    select repository
    from repositories
    where service_count > 1
    union
    select repository
    from {{ ref('int_repositories') }}
    where path_glob <> '**'

),

divided_changes as (

    select
        changes.change_id,
        changes.source_system,
        changes.repository,
        changes.number,
        changes.merge_sha
    from changes
    inner join divided_repositories on changes.repository = divided_repositories.repository

),

change_commits as (

    select
        change_id,
        repository,
        merge_sha as sha
    from divided_changes
    where merge_sha is not null
    union
    select
        divided_changes.change_id,
        divided_changes.repository,
        branch_commits.sha
    from divided_changes
    inner join {{ ref('int_pull_request_commits') }} as branch_commits
        on
            divided_changes.source_system = branch_commits.source_system
            and divided_changes.repository = branch_commits.repository
            and divided_changes.number = branch_commits.pull_number

),

commits_with_files as (

    select
        repository,
        sha,
        files
    from {{ ref('int_commit_tellings') }}
    where files is not null

),

change_file_lists as (

    select
        change_commits.change_id,
        change_commits.repository,
        commits_with_files.files
    from change_commits
    inner join commits_with_files
        on
            change_commits.repository = commits_with_files.repository
            and change_commits.sha = commits_with_files.sha

),

files as (

    {{ explode_json_array('change_file_lists', ['change_id', 'repository'], 'files', 'file') }}

),

-- Where a system tells a commit's files one by one, apart from the commit.
told_files as (

    select
        projects.repository,
        diffs.sha,
        diffs.file_path
    from {{ ref('stg_gitlab__commit_diffs') }} as diffs
    inner join {{ ref('stg_gitlab__projects') }} as projects on diffs.project_id = projects.project_id

),

change_files as (

    select
        change_id,
        repository,
        coalesce({{ json_text(valid_json('file'), 'filename') }}, file) as file_path
    from files
    union
    select
        change_commits.change_id,
        change_commits.repository,
        told_files.file_path
    from change_commits
    inner join told_files
        on
            change_commits.repository = told_files.repository
            and change_commits.sha = told_files.sha

),

paths as (

    select distinct
        repository,
        file_path
    from change_files
    where file_path is not null

),

path_services as (

    select distinct
        paths.repository,
        paths.file_path,
        globs.service_id
    from paths
    inner join {{ ref('int_repositories') }} as globs
        on
            paths.repository = globs.repository
            and {{ matches_pattern('paths.file_path', 'globs.path_regex') }}

),

by_path as (

    select distinct
        change_files.change_id,
        path_services.service_id
    from change_files
    inner join path_services
        on
            change_files.repository = path_services.repository
            and change_files.file_path = path_services.file_path

),

placed_by_path as (

    select distinct change_id
    from by_path

),

told_of_files as (

    select distinct change_id
    from change_files
    where file_path is not null

)

select
    change_id,
    service_id,
    'path_glob' as method
from by_path
union all
select
    changes.change_id,
    case
        when told_of_files.change_id is null then coalesce(repositories.service_id, 'unmapped')
        else 'unmapped'
    end as service_id,
    case
        when told_of_files.change_id is null and coalesce(repositories.service_count, 0) = 1 then 'repository'
        else 'unmapped'
    end as method
from changes
left join repositories on changes.repository = repositories.repository
left join placed_by_path on changes.change_id = placed_by_path.change_id
left join told_of_files on changes.change_id = told_of_files.change_id
where placed_by_path.change_id is null
