"""When the pages are made, and what becomes of them when something goes wrong."""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from orchestration.home import DataHome
from orchestration.publishing.files import publisher_lock
from orchestration.publishing.published import snapshot_path
from orchestration.publishing.status import mark_stale
from orchestration.report.command import run
from orchestration.report.publication import publish_report, report_folder, show_status
from orchestration.report.source import ReportError
from tests.report.conftest import Report
from tests.report.page import Page
from tests.report.published_company import mark_published

NAME = {"METRICS_COMPANY": "Harbourly & Söhne"}
FAILED_AT = datetime(2026, 7, 2, 4, 15)


@pytest.fixture
def home(report: Report, tmp_path: Path) -> DataHome:
    """The published company in a home of the test's own, without its warehouse."""
    home = DataHome(tmp_path / "home")
    shutil.copytree(report.home.published, home.published)
    return home


def read_pages(home: DataHome) -> dict[str, bytes]:
    folder = report_folder(home)
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.html")}


def test_an_unchanged_publication_costs_nothing_and_the_same_publication_gives_the_same_pages(
    home: DataHome,
) -> None:
    before = read_pages(home)
    again = publish_report(home, NAME)
    assert (again.unchanged, again.charts) == (True, 0)
    shutil.rmtree(report_folder(home))
    anew = publish_report(home, NAME)
    assert not anew.unchanged
    assert anew.charts > 10
    assert read_pages(home) == before


def test_a_failed_run_is_told_on_every_page_until_the_next_good_one(home: DataHome) -> None:
    before = read_pages(home)
    mark_stale(home, "step models failed <b>", "run-2", FAILED_AT)
    show_status(home)
    for name, page in read_pages(home).items():
        assert "since 2 Jul 2026, 04:15 UTC: step models failed &lt;b&gt;" in page.decode(), name
    mark_published(home)
    assert publish_report(home, NAME).unchanged
    assert read_pages(home) == before


def test_who_finds_the_folder_locked_leaves_the_pages_to_the_other(home: DataHome) -> None:
    before = read_pages(home)
    mark_stale(home, "step models failed", "run-2", FAILED_AT)
    with publisher_lock(home.published / ".lock", "another run"):
        show_status(home)
    assert read_pages(home) == before


def test_a_report_that_stops_in_the_middle_is_made_again_whole(home: DataHome) -> None:
    folder, snapshot = report_folder(home), snapshot_path(home).read_bytes()
    before = read_pages(home)
    obstacle = next(path for path in sorted((folder / "teams").glob("*.html")))
    obstacle.unlink()
    (obstacle / "in the way").mkdir(parents=True)
    with pytest.raises(OSError, match="irectory"):
        publish_report(home, {"METRICS_COMPANY": "Another name"})
    assert (folder / "index.html").read_bytes() == before["index.html"]
    assert snapshot_path(home).read_bytes() == snapshot
    shutil.rmtree(obstacle)
    (folder / "teams" / "dissolved.html").write_text("a team that is no more")
    (folder / ".index.html.999999.part").write_text("half a page")
    done = publish_report(home, {"METRICS_COMPANY": "Another name"})
    assert not done.unchanged
    pages = read_pages(home)
    assert set(pages) == set(before)
    assert all(b"Another name" in page for page in pages.values())
    assert not list(folder.rglob("*.part"))


def test_what_the_report_cannot_be_made_from_is_named(home: DataHome, tmp_path: Path) -> None:
    with pytest.raises(ReportError, match=r"there is no .*marts\.duckdb"):
        publish_report(DataHome(tmp_path / "nothing"), {})
    with duckdb.connect(str(snapshot_path(home))) as con:
        con.execute("drop table fct_risk_register")
    with pytest.raises(ReportError, match="lacks fct_risk_register"):
        publish_report(home, {})


def test_the_command_makes_one_edition_of_any_week_quarter_or_team(
    home: DataHome, report: Report, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--home", str(home.root), "--out", str(tmp_path / "page.html")]
    for edition, title, periods in (
        (["weekly", "--on", "2026-03-31"], "Week 13, 23 – 29 Mar 2026", {"week:2026-03-23"}),
        (["quarterly", "--on", "2026-06-29"], "Q1 2026, business review", {"quarter:2026-01-01"}),
    ):
        assert run(["--edition", *edition, *where], {}) == 0
        page = Page((tmp_path / "page.html").read_text())
        assert title in "".join(page.words)
        assert {cell.period for cell in page.cells if cell.period.startswith(edition[0][:4])} == periods
    assert run(["--edition", "team", "--team", report.team_id, *where], {}) == 0
    assert run(["--edition", "team", "--team", "nobody", *where], {}) == 1
    assert f"--team nobody: no such team; there are: {report.team_id[:1]}"[:36] in capsys.readouterr().err
    assert run(["--home", str(home.root)], NAME) == 0
    assert "pages stand already" in capsys.readouterr().out
