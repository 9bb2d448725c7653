"""BambooHR, as asked over its REST API v1.

Endpoints: ``POST /reports/custom?format=JSON&onlyCurrent=false`` with a list of fields (one row per employee,
leavers and future hires included), ``GET /employees/all/tables/employmentStatus`` and ``GET
/employees/all/tables/jobInfo`` (their whole histories).

Limits: not published. Too many requests are answered by 503 (from September 2026 by 429) with Retry-After,
which the session obeys. A refused key counts towards them, and 401 is not asked again.

Gotchas: HR history is edited backwards and rows are deleted, so each pull reads everything; an answer is the
full state and lands in a folder of its own time. The report gives what it is asked for and no more, hence the
allow-list ``FIELDS``: pay, birth, names and addresses are not asked for. The histories come whole: they hold
no pay, and the managers' names in them end at the contract; the table ``compensation`` is never asked. A key
sees what its user may see: a report that answers without one of the fields is an error, because a silent gap
would look like an empty column. Days that are not set come as ``0000-00-00``.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import Field

from .cursors import Cursors
from .http import Client
from .landing import LandingFolder
from .pulled import PulledSystem
from .refusals import PermanentError

# What the figures need of an employee, and nothing else. supervisorEId is an id; supervisor would be a name.
FIELDS = (
    "id", "status", "hireDate", "originalHireDate", "terminationDate", "employmentHistoryStatus",
    "department", "division", "supervisorEId", "lastChanged",
)  # fmt: skip
HISTORIES = {"employment_statuses": "employmentStatus", "job_information": "jobInfo"}

BamboohrTable = Literal["employees", "employment_statuses", "job_information"]


class BamboohrSource(PulledSystem):
    """BambooHR of one company; ``base_url`` is ``https://<company>.bamboohr.com/api/v1``."""

    token_env: str
    since: date = Field(
        default=date(2000, 1, 1), description="not asked for: every pull reads the whole state"
    )
    tables: list[BamboohrTable] = Field(default=["employees", "employment_statuses", "job_information"])


def headers(source: BamboohrSource) -> dict[str, str]:
    """Request headers for an API key: it is the user name, and the password is any text."""
    return {**source.basic("x"), "Accept": "application/json"}


def pull(
    client: Client, source: BamboohrSource, landing: LandingFolder, cursors: Cursors, now: datetime
) -> None:
    """Land the whole state at ``now``, a table an answer. Raises PermanentError, TransientError."""
    folder = (f"{now:%Y%m%dT%H%M%SZ}",)
    if "employees" in source.tables:
        answer = client.post(
            "reports/custom?format=JSON&onlyCurrent=false",
            {"title": "Engineering metrics", "fields": list(FIELDS)},
        )
        _check_report(client, answer.url, answer.json)
        landing.land("employees", folder, answer.body)
        cursors.move("employees", now)
    for table, history in HISTORIES.items():
        if table not in source.tables:
            continue
        answer = client.get(f"employees/all/tables/{history}")
        if not isinstance(answer.json, list):
            raise PermanentError(client.system, answer.url, f"the table {history} did not come as a list")
        landing.land(table, folder, answer.body)
        cursors.move(table, now)


def _check_report(client: Client, url: str, report: object) -> None:
    employees = report.get("employees") if isinstance(report, dict) else None
    if not isinstance(employees, list):
        raise PermanentError(client.system, url, "the report has no list of employees")
    told = {field.get("id") for field in report["fields"]} if isinstance(report, dict) else set()
    withheld = sorted(set(FIELDS) - told - {"id"})
    if withheld:
        raise PermanentError(
            client.system,
            url,
            f"the key's user may not see {', '.join(withheld)}: grant it, or use another key",
        )
