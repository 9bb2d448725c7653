-- Fills the tables of the intermediate layer for bench_links.py, which sets the sizes as variables: 540 days, 45 services,
-- the last five of them in one repository. Half of the repositories squash, half merge; each service deploys what its
-- default branch holds, one deployment in thirty puts an older commit back, one in twenty-five fails.

create temporary table repos as
select i as repo, 'org/repo-' || i as repository, i % 2 = 0 as squashes from range(41) as r(i);

create temporary table services as
select i as service, 'service-' || i as service_id, least(i, 40) as repo from range(45) as r(i);

insert into intermediate.int_service_ownership by name
select service_id, service_id as service_name, 'team-' || service % 12 as team_id,
    'group-' || service % 3 as group_id, cast(service % 4 as string) as tier, d.valid_from, d.valid_to
from services, (values (date '2024-01-01', date '2025-07-01'), (date '2025-07-01', date '9999-12-31'))
    as d(valid_from, valid_to);

insert into intermediate.int_repositories by name
select repository, service_id, case when repo = 40 then service_id || '/**' else '**' end as path_glob,
    'main' as default_branch
from services inner join repos using (repo);

insert into intermediate.int_service_dependencies by name
select service_id, 'service-' || (service * 7 + 3) % 45 as depends_on_service_id from services;

create temporary table change_numbers as
select i as change, i % 41 as repo, i // 41 as number,
    timestamp '2025-01-01' + to_seconds(cast(i * (540 * 86400.0 / getvariable('changes')) as bigint)) as merged_at,
    cast(floor((i + 1) * getvariable('per_change')) - floor(i * getvariable('per_change')) as bigint) as branch_commits
from range(getvariable('changes')) as r(i);

create temporary table branch_commits as
select change, repo, number, branch_commits, position,
    md5('b' || change || ':' || position) as sha,
    merged_at - to_hours(cast(2 + (branch_commits - position) * 5 as bigint)) as authored_at
from change_numbers, range(branch_commits) as p(position);

insert into intermediate.int_commits by name
select 'github' as source_system, repository, md5('m' || change) as sha, 'someone' as author_id,
    false as is_bot, merged_at as authored_at, merged_at as committed_at,
    case when number > 0 then md5('m' || change - 41) end as first_parent_sha,
    case when squashes or branch_commits = 0 then 1 else 2 end as parent_count,
    not squashes and branch_commits > 0 as is_merge, 'merge' as message_title
from change_numbers inner join repos using (repo)
union all by name
select 'github' as source_system, repository, sha, 'someone' as author_id, false as is_bot, authored_at,
    authored_at as committed_at,
    case
        when position > 0 then md5('b' || change || ':' || position - 1)
        when number > 2 then md5('m' || change - 41 * 3)
    end as first_parent_sha,
    1 as parent_count, false as is_merge, 'work' as message_title
from branch_commits inner join repos using (repo);

insert into intermediate.int_commit_parents by name
select repository, sha, first_parent_sha as parent_sha, 0 as parent_index
from intermediate.int_commits where first_parent_sha is not null
union all by name
select repository, md5('m' || change) as sha, md5('b' || change || ':' || branch_commits - 1) as parent_sha,
    1 as parent_index
from change_numbers inner join repos using (repo)
where not squashes and branch_commits > 0;

insert into intermediate.int_changes by name
select 'github:' || repository || '#' || number as change_id, 'github' as source_system,
    'pull_request' as change_kind, repository, number, 'Change ' || number as title,
    'author-' || change % 240 as author_id, change % 20 = 0 as is_bot, false as is_draft, 'merged' as state,
    'main' as base_branch, 'feature' as head_branch, true as is_default_branch,
    md5('b' || change || ':' || branch_commits - 1) as head_sha, md5('m' || change) as merge_sha,
    merged_at - to_hours(cast(2 + branch_commits * 5 as bigint)) as first_commit_at,
    merged_at - to_hours(2) as opened_at, merged_at - to_hours(1) as first_review_at, merged_at,
    merged_at as closed_at, false as is_pure_merge, change % 97 = 0 as is_revert,
    case when change % 97 = 0 then 'github:' || repository || '#' || number - 1 end as reverts_change_id,
    change % 101 = 0 as is_hotfix, branch_commits as commit_count
from change_numbers inner join repos using (repo);

insert into intermediate.int_change_services by name
select 'github:' || repository || '#' || number as change_id, service_id,
    case when repo = 40 then 'path_glob' else 'repository' end as method
from change_numbers inner join services using (repo) inner join repos using (repo)
where repo < 40 or service % 5 in (change % 5, change % 3);

create temporary table deployed as
select i as deployment, i % 45 as service, i // 45 as step,
    timestamp '2025-01-02' + to_seconds(cast(i * (539 * 86400.0 / getvariable('deployments')) as bigint)) as finished_at
from range(getvariable('deployments')) as r(i);

insert into intermediate.int_deployments by name
select 'github:' || deployment as deployment_id, 'github' as source_system, repository, service_id,
    'production' as environment, 'production' as environment_tier, true as is_production, sha,
    'main' as ref, sha as version, 'deploy' as task, finished_at - to_minutes(12) as created_at,
    finished_at - to_minutes(10) as started_at, finished_at,
    case when deployment % 25 = 7 then 'failure' else 'success' end as outcome, 1 as attempt_count
from (
    select deployed.*, services.service_id, repos.repository, change_numbers.change,
        md5('m' || case
            when deployment % 30 = 11 and change_numbers.number > 5
                then change_numbers.change - 41 * (1 + deployment % 4)
            else change_numbers.change
        end) as sha
    from deployed
    inner join services using (service)
    inner join repos using (repo)
    asof inner join change_numbers
        on change_numbers.repo = services.repo
        and deployed.finished_at - interval 12 minutes >= change_numbers.merged_at
);

create temporary table incident_numbers as
select i as incident,
    timestamp '2025-01-03' + to_seconds(cast(i * (536 * 86400.0 / getvariable('incidents')) as bigint)) as created_at
from range(getvariable('incidents')) as r(i);

insert into intermediate.int_incidents by name
select 'pagerduty:' || incident as incident_id, 'pagerduty' as source_system,
    'service-' || incident % 45 as service_id, 'Incident ' || incident as title,
    'sev' || 1 + incident % 4 as severity, 'high' as urgency,
    case when incident % 300 = 5 then 'open' else 'resolved' end as status, created_at,
    created_at as began_at,
    case when incident % 300 <> 5 then created_at + to_minutes(cast(20 + incident % 400 as bigint)) end
        as restored_at,
    case when incident % 10 = 0 then 'github:' || incident * 40 end as caused_by_deployment_id,
    case when incident % 50 = 3 then 'duplicate' end as exclusion_reason
from incident_numbers;

insert into intermediate.int_incident_services by name
select incident_id, service_id from intermediate.int_incidents
union all by name
select 'pagerduty:' || incident as incident_id, 'service-' || (incident + 1) % 45 as service_id
from incident_numbers where incident % 4 = 0;
