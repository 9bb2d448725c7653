"""Azure DevOps (Services and Server), as asked over its REST APIs, version 7.1.

Endpoints, per project: see ``azure_devops_boards`` (work items), ``azure_devops_repos`` (pull requests) and
``azure_devops_pipelines`` (builds, deployments, tests), of which releases have a host of their own
(``release_url``).

Limits: 200 units per five minutes for a user, counted by load and not by requests; 429 with ``Retry-After``,
and before that answers are delayed.

Gotchas: a token that is not valid is answered with 203 and a sign-in page. Most lists go on by a token in
``x-ms-continuationtoken``, some know only ``$skip``.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Annotated, Literal, get_args

from pydantic import Field, StringConstraints

from .azure_devops_boards import pull_iterations, pull_work_items
from .azure_devops_pipelines import pull_builds, pull_environments, pull_releases, pull_test_runs
from .azure_devops_project import Project
from .azure_devops_repos import pull_pull_requests
from .cursors import Cursors
from .http import Client
from .landing import LandingFolder
from .pulled import Address, PulledSystem
from .scopes import one_by_one

Name = Annotated[str, StringConstraints(pattern=r"^[^/\\?#%]+$")]
AzureDevopsTable = Literal[
    "work_items", "iterations", "builds", "timeline_records", "pull_requests", "pull_request_commits",
    "pull_request_threads", "release_deployments", "environment_deployments", "test_runs", "test_results",
]  # fmt: skip


class AzureDevopsSource(PulledSystem):
    """Azure DevOps, by organization (or collection) and project."""

    base_url: Address = "https://dev.azure.com"
    release_url: Address = "https://vsrm.dev.azure.com"
    token_env: str
    organization: Name
    projects: list[Name] = Field(min_length=1)
    tables: list[AzureDevopsTable] = Field(default=list(get_args(AzureDevopsTable)))
    overlap_days: int = Field(default=2, ge=0, le=90)

    @property
    def further_urls(self) -> tuple[str, ...]:
        """The host of releases."""
        return (self.release_url,)


def headers(source: AzureDevopsSource) -> dict[str, str]:
    """Request headers for a personal access token: it is the password, and the user's name is empty."""
    return source.basic_as()


def pull(
    client: Client, source: AzureDevopsSource, landing: LandingFolder, cursors: Cursors, now: datetime
) -> None:
    """Land what is new of ``source``'s projects up to ``now``. Raises PermanentError, TransientError."""
    for name, reading in one_by_one(source.projects):
        with reading:
            place = (source.organization, name)
            project = Project(client, source, landing, cursors, now, name, place)
            project.take(
                {
                    partial(pull_work_items, project): ("work_items",),
                    partial(pull_iterations, project): ("iterations",),
                    partial(pull_builds, project): ("builds", "timeline_records"),
                    partial(pull_pull_requests, project): (
                        "pull_requests",
                        "pull_request_commits",
                        "pull_request_threads",
                    ),
                    partial(pull_releases, project, source.release_url): ("release_deployments",),
                    partial(pull_environments, project): ("environment_deployments",),
                    partial(pull_test_runs, project): ("test_runs", "test_results"),
                }
            )
