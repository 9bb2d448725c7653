"""What the pages say is what the marts hold, and nothing else gets into them."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import duckdb
import pytest
from markupsafe import escape

from orchestration.publishing.published import snapshot_path
from orchestration.report.numbers import show
from orchestration.report.source import open_source
from tests.report.conftest import Report
from tests.report.page import Page
from tests.report.published_company import TEAM_NAME, TITLE

EDITIONS = ("index.html", "weekly.html", "quarterly.html")
SCORECARD = """
    select
        kpi_id, segment_type || ':' || segment_id as segment,
        coalesce(period_grain || ':' || period_start, '') as period, value, unit, empty_reason
    from kpi_scorecard
"""


def ask(report: Report, query: str) -> list[dict[str, Any]]:
    with open_source(snapshot_path(report.home)) as source:
        return [dict(row) for row in source.rows(query)]


def pages(report: Report) -> list[str]:
    return sorted(str(path.relative_to(report.folder)) for path in report.folder.rglob("*.html"))


def test_every_figure_of_the_scorecard_is_on_the_index_as_the_mart_has_it(report: Report) -> None:
    shown = {cell.kpi_id: cell for cell in Page(report.read("index.html")).cells if cell.segment == "org:org"}
    rows = ask(report, SCORECARD + " where segment_type = 'org'")
    assert len(rows) > 80
    assert {row["kpi_id"] for row in rows} == set(shown)
    assert any(row["value"] is not None for row in rows)
    for row in rows:
        cell = shown[row["kpi_id"]]
        assert (cell.value, cell.period) == (row["value"], row["period"]), row
        assert (cell.empty_reason or None) == row["empty_reason"], row
        if row["value"] is not None:
            assert cell.text == show(row["value"], row["unit"], "USD").number, row


def test_a_team_has_its_own_figures_beside_those_of_its_group_and_of_all(report: Report) -> None:
    rows = {(r["kpi_id"], r["segment"]): r for r in ask(report, SCORECARD)}
    (team,) = [page for page in pages(report) if f"<h1>{escape(TEAM_NAME)}</h1>" in report.read(page)]
    cells = Page(report.read(team)).cells
    kinds = {cell.segment.partition(":")[0] for cell in cells}
    assert kinds == {"team", "group", "org", "service"}
    for cell in cells:
        row = rows[cell.kpi_id, cell.segment]
        assert (cell.value, cell.empty_reason or None) == (row["value"], row["empty_reason"]), row
    assert {cell.segment for cell in cells if cell.segment.startswith("team:")} == {f"team:{report.team_id}"}


@pytest.mark.parametrize(("page", "grain"), [("weekly.html", "week"), ("quarterly.html", "quarter")])
def test_an_edition_shows_the_last_complete_period_of_its_grain(
    report: Report, page: str, grain: str
) -> None:
    (last,) = ask(
        report,
        f"""
        select max(period_start) as start from fct_kpi_values
        where period_grain = '{grain}' and period_end <= (select max(as_of_date) from meta_publication)
        """,
    )
    values = {
        (row["kpi_id"], row["segment"]): row
        for row in ask(
            report,
            f"""
            select kpi_id, segment_type || ':' || segment_id as segment, value, status from fct_kpi_values
            where period_grain = '{grain}' and period_start = date '{last["start"]}'
            """,
        )
    }
    cells = [c for c in Page(report.read(page)).cells if c.period == f"{grain}:{last['start']}"]
    assert len(cells) > 40
    assert {cell.segment for cell in cells} >= {"org:org", f"team:{report.team_id}"}
    for cell in cells:
        row = values[cell.kpi_id, cell.segment]
        assert cell.value == row["value"] or cell.empty_reason == "no_source", row
        assert (cell.empty_reason == "suppressed") == (row["status"] == "suppressed"), row


def test_what_is_suppressed_is_shown_as_hidden_and_nowhere_as_a_number(report: Report) -> None:
    hidden = ask(report, SCORECARD + " where empty_reason = 'suppressed' and segment_type = 'team'")
    assert hidden
    shown = {
        (cell.kpi_id, cell.segment): cell
        for page in pages(report)
        for cell in Page(report.read(page)).cells
        if page.startswith("teams/")
    }
    for row in hidden:
        if (row["kpi_id"], row["segment"]) in shown:
            cell = shown[row["kpi_id"], row["segment"]]
            assert (cell.value, cell.text) == (None, "hidden")
    assert any(shown.get((row["kpi_id"], row["segment"])) for row in hidden)
    with duckdb.connect(report.home.published / "marts_people.duckdb", read_only=True) as con:
        people = {name for (name,) in con.execute("select table_name from duckdb_tables()").fetchall()}
    everything = "".join(report.read(page) for page in pages(report))
    assert not [name for name in people if f"from marts.{name}" in everything]
    assert not re.search(r"\bp_[0-9a-f]{16}\b", everything)


def test_names_are_text_whatever_they_look_like(report: Report) -> None:
    for page in pages(report):
        text = report.read(page)
        assert "<script" not in text
        assert "<b onclick" not in text
        assert not [tag for tag, attributes in Page(text).tags if "onclick" in attributes]
    index = "".join(Page(report.read("index.html")).words)
    assert TEAM_NAME in index
    month = "".join("".join(Page(report.read(page)).words) for page in pages(report))
    assert TITLE in month


def test_a_page_needs_nothing_but_itself(report: Report) -> None:
    for page in pages(report):
        text = report.read(page)
        assert 'http-equiv="Content-Security-Policy" content="default-src \'none\'' in text
        tags = Page(text).tags
        assert not [tag for tag, _ in tags if tag in ("script", "img", "iframe", "object", "base")]
        loaded = [attributes.get("src") or "" for _, attributes in tags]
        loaded += [attributes["href"] or "" for tag, attributes in tags if tag == "link"]
        assert not [address for address in loaded if address and not address.startswith("data:")]
        assert "@import" not in text
        assert "url(" not in text


def test_every_link_leads_somewhere(report: Report) -> None:
    read = {page: Page(report.read(page)) for page in pages(report)}
    for page, content in read.items():
        for link in content.links:
            path, _, anchor = link.partition("#")
            target = (report.folder / page).parent / path if path else report.folder / page
            assert target.resolve().is_file(), f"{page}: {link}"
            name = str(target.resolve().relative_to(report.folder.resolve()))
            assert not anchor or anchor in read[name].targets, f"{page}: {link}"


def test_every_chart_has_a_text_and_its_values_as_a_table(report: Report) -> None:
    for page in pages(report):
        text = report.read(page)
        figures = re.findall(r"<figure.*?</figure>", text, re.DOTALL)
        for figure in figures:
            label = re.search(r'<svg class="plot" role="img" aria-label="([^"]+)"', figure)
            assert label, figure[:200]
            assert "last" in label[1]
            assert figure.count("<tr>") > 4
        if page in EDITIONS:
            assert figures or page == "quarterly.html", page


def test_headings_descend_one_level_at_a_time_and_tables_say_what_their_heads_are(report: Report) -> None:
    for page in pages(report):
        text = report.read(page)
        levels = [int(level) for level in re.findall(r"<h([1-6])[ >]", text)]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after <= before + 1 for before, after in pairwise(levels)), page
        assert not [
            attributes for tag, attributes in Page(text).tags if tag == "th" and "scope" not in attributes
        ]
        assert re.search(r'<html lang="en">', text)
        landmarks = {tag for tag, _ in Page(text).tags}
        assert {"main", "header", "footer", "nav"} <= landmarks
        identifiers = [str(a["id"]) for _, a in Page(text).tags if a.get("id")]
        assert len(identifiers) == len(set(identifiers)), page
