"""Azure Boards: every revision of a project's work items, and its iterations.

Endpoints: ``/wit/reporting/workitemrevisions``, ``/work/teamsettings/iterations``.

Gotchas: revisions are told by a token that never ends, which goes on in ``nextLink`` and not in a header; the
next pull begins with the last one.
"""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from .azure_devops_project import VERSION, Project
from .http import Answer
from .instants import utc_text
from .puller import Entry
from .refusals import PermanentError
from .walks import FORGOTTEN

WORK_ITEM_FIELDS = (
    "System.TeamProject,System.WorkItemType,System.Title,System.State,System.Reason,System.AreaPath,"
    "System.IterationPath,System.Parent,System.Tags,System.CreatedBy,System.CreatedDate,System.ChangedDate,"
    "System.RevisedDate,System.IsDeleted,Microsoft.VSTS.Scheduling.StoryPoints,Microsoft.VSTS.Scheduling.Effort,"
    "Microsoft.VSTS.Scheduling.Size,Microsoft.VSTS.Scheduling.DueDate,Microsoft.VSTS.Scheduling.TargetDate,"
    "Microsoft.VSTS.Common.ActivatedDate,Microsoft.VSTS.Common.ClosedDate,"
    "Microsoft.VSTS.Common.StateChangeDate,Microsoft.VSTS.Common.Priority,Microsoft.VSTS.Common.Severity"
)


def pull_work_items(project: Project[Entry]) -> None:
    """Land every revision since the token of the last pull, which is kept page by page."""
    client, cursors, stream = project.client, project.cursors, project.stream("work_items")
    path = f"{project.base}/wit/reporting/workitemrevisions"
    params = {**VERSION, "fields": WORK_ITEM_FIELDS, "includeIdentityRef": "true", "includeDeleted": "true"}
    beginning = {**params, "startDateTime": utc_text(project.source.started_at)}
    token = cursors.state(stream, "position").get("token")
    page = None
    if token is not None:
        try:
            page = client.get(path, {**params, "continuationToken": token})
        except PermanentError as error:
            if error.status not in FORGOTTEN:
                raise
    page = page or client.get(path, beginning)
    while True:
        project.land("work_items", page, records="values")
        following = _token_in_link(page)
        if following:
            cursors.remember(stream, "position", {"token": following})
        if page.json["isLastBatch"]:
            break
        if not following or following == token:
            what = "paging stands still: more is promised without a new token"
            raise PermanentError("azure_devops", page.url, what)
        token = following
        page = client.get(path, {**params, "continuationToken": token})
    project.move("work_items")


def pull_iterations(project: Project[Entry]) -> None:
    """Land the iterations, whole."""
    path = f"{project.base}/work/teamsettings/iterations"
    project.land("iterations", project.client.get(path, VERSION), records="value")


def _token_in_link(page: Answer) -> str | None:
    query = parse_qs(urlsplit(page.json.get("nextLink") or "").query)
    named = {name.lower(): values[0] for name, values in query.items()}
    return named.get("continuationtoken")
