"""``published/report/``: made from the snapshot that stands published, each page replaced in one step."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from orchestration.durable import replace_text
from orchestration.home import DataHome
from orchestration.publishing.files import PublisherBusyError, publisher_lock
from orchestration.publishing.published import snapshot_path
from orchestration.publishing.status import read_status
from orchestration.report.editions import (
    charts_per_team,
    describe_quarter,
    describe_team,
    describe_today,
    describe_week,
)
from orchestration.report.material import Material, Team, read_material
from orchestration.report.pages import render, render_status, replace_status
from orchestration.report.source import Source, open_source

# What the pages are called by: the company's or the department's name.
NAME_VARIABLE = "METRICS_COMPANY"
DEFAULT_NAME = "Engineering"
EDITIONS = ("index", "weekly", "quarterly", "team")


@dataclass(frozen=True)
class ReportPublication:
    """What was done: the pages by their path below the folder, and whether they stood there already."""

    folder: Path
    pages: tuple[str, ...]
    charts: int
    unchanged: bool


def report_folder(home: DataHome) -> Path:
    """Where ``index.html`` and the other pages lie."""
    return home.published / "report"


def publish_report(home: DataHome, environ: Mapping[str, str]) -> ReportPublication:
    """Brings the report to the state of ``marts.duckdb``; does nothing where it was made from it already.

    The index is replaced last and says which publication it was made from: killed in the middle, the next run
    makes all pages again. Raises ReportError if the snapshot lacks something, PublisherBusyError.
    """
    folder = report_folder(home)
    name = environ.get(NAME_VARIABLE) or DEFAULT_NAME
    with (
        publisher_lock(home.published / ".lock", "report"),
        open_source(snapshot_path(home)) as source,
    ):
        for leftover in folder.rglob("*.part"):  # what a killed publisher left: nobody else holds the lock
            leftover.unlink()
        stamp = _stamp(source, name)
        if _read_stamp(folder / "index.html") == stamp:
            _write_status(home)
            return ReportPublication(folder, _list_pages(folder), 0, unchanged=True)
        material = read_material(source)
        written = []
        for path, text in _render_all(material, _frame(home, name, stamp)):
            replace_text(folder / path, text)
            written.append(path)
    for path in set(_list_pages(folder)) - set(written):
        (folder / path).unlink()
    return ReportPublication(folder, tuple(written), material.chart_count, unchanged=False)


def show_status(home: DataHome) -> None:
    """Says on every page whether what is published is current, as STATUS.json has it; draws nothing.

    Does nothing while somebody else publishes: the pages are theirs then.
    """
    with suppress(PublisherBusyError), publisher_lock(home.published / ".lock", "status of the report"):
        _write_status(home)


def _write_status(home: DataHome) -> None:
    folder, status = report_folder(home), read_status(home)
    for name in _list_pages(folder):
        path = folder / name
        before = path.read_text(encoding="utf-8")
        after = replace_status(before, status)
        if after != before:
            replace_text(path, after)


@contextmanager
def open_material(home: DataHome) -> Iterator[Material]:
    """The published snapshot as material for single pages."""
    with open_source(snapshot_path(home)) as source:
        yield read_material(source)


def render_page(
    home: DataHome,
    material: Material,
    environ: Mapping[str, str],
    edition: str,
    *,
    team: Team | None = None,
    on: date | None = None,
) -> str:
    """One page by itself; its week or quarter is the last one that had ended by ``on``."""
    name = environ.get(NAME_VARIABLE) or DEFAULT_NAME
    frame = _frame(home, name, _stamp(material.source, name))
    if edition == "weekly":
        page = describe_week(material, material.calendar.last_complete("week", on))
    elif edition == "quarterly":
        page = describe_quarter(material, material.calendar.last_complete("quarter", on))
    elif team is not None:
        return render(material, describe_team(material, team), {**frame, "root": "../"})
    else:
        page = describe_today(material)
    return render(material, page, {**frame, "root": ""})


def _render_all(material: Material, frame: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """All pages with their paths, the index last."""
    flat = {**frame, "root": ""}
    week, quarter = (material.calendar.last_complete(grain) for grain in ("week", "quarter"))
    yield "weekly.html", render(material, describe_week(material, week), flat)
    yield "quarterly.html", render(material, describe_quarter(material, quarter), flat)
    charts = charts_per_team(len(material.teams))
    for team in material.teams:
        page = describe_team(material, team, charts=charts)
        yield f"teams/{team.slug}.html", render(material, page, {**frame, "root": "../"})
    yield "index.html", render(material, describe_today(material), flat)


def _frame(home: DataHome, name: str, stamp: str) -> dict[str, object]:
    return {"company": name, "stamp": stamp, "status_banner": render_status(read_status(home))}


def _stamp(source: Source, name: str) -> str:
    """What the pages depend on: the publication, this package's own files, and the name."""
    return hashlib.sha256(f"{source.run_id} {_read_version()} {name}".encode()).hexdigest()[:16]


@cache
def _read_version() -> str:
    package = Path(__file__).parent
    files = sorted(path for path in package.rglob("*") if path.suffix in (".py", ".html", ".css"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


def _read_stamp(path: Path) -> str | None:
    if not path.exists():
        return None
    with path.open(encoding="utf-8") as file:
        found = re.search(r'<meta name="report-stamp" content="([0-9a-f]+)">', file.read(4096))
    return found[1] if found else None


def _list_pages(folder: Path) -> tuple[str, ...]:
    return tuple(sorted(str(path.relative_to(folder)) for path in folder.rglob("*.html")))
