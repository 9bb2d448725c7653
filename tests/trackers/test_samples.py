"""Real payloads of Jira through the landing folder into the work-item models."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from orchestration.home import DataHome

from .conftest import drop, load_and_build

SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "samples" / "jira"

pytestmark = [
    pytest.mark.samples,
    pytest.mark.skipif(not SAMPLES.is_dir(), reason="the sample payloads do not stand beside the checkout"),
]

# Where each payload is dropped. The histories were taken without their issues: they lie in the folder of one.
DROPS = {
    "devlake_issues.jsonl": "issues",
    "devlake_issue_changelogs.jsonl": "issue_changelogs/K5-2",
    "devlake_sprints.jsonl": "sprints",
    "devlake_status.jsonl": "statuses",
    "devlake_issue_types.jsonl": "issue_types",
    "go_jira/all_statuscategories.json": "statuses",
}


def lines(name: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in (SAMPLES / name).read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def sampled(tmp_path_factory: pytest.TempPathFactory) -> DataHome:
    home = DataHome(tmp_path_factory.mktemp("samples") / "data")
    for name, table in DROPS.items():
        drop(home, SAMPLES / name, table)
    load_and_build(home)
    return home


@pytest.fixture
def house(sampled: DataHome) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(sampled.warehouse), read_only=True) as con:
        yield con


def test_every_sample_of_the_folder_has_its_place() -> None:
    assert set(DROPS) == {str(p.relative_to(SAMPLES)) for p in SAMPLES.rglob("*") if p.is_file()}


def test_every_record_is_loaded_and_categories_are_refused_as_no_statuses(
    house: duckdb.DuckDBPyConnection,
) -> None:
    counts = {
        name: (read, loaded, quarantined)
        for name, read, loaded, quarantined in house.execute(
            "select parse_filename(path), rows_read, rows_loaded + rows_duplicate + rows_superseded,"
            " rows_quarantined from ops.ingest_files"
        ).fetchall()
    }
    items = len([item for h in lines("devlake_issue_changelogs.jsonl") for item in h["items"]])  # type: ignore[attr-defined]
    expected = {Path(name).name: (n := len(lines(name)), n, 0) for name in DROPS if name.endswith("jsonl")}
    expected["devlake_issue_changelogs.jsonl"] = (items, items, 0)
    expected["all_statuscategories.json"] = (4, 0, 4)
    assert counts == expected


def test_every_issue_is_a_work_item_whose_state_is_its_status_s_own(house: duckdb.DuckDBPyConnection) -> None:
    """Four of the issues carry a stale category beside the status that the list of statuses calls done."""
    told = Counter(str(issue["key"]).split("-")[0] for issue in lines("devlake_issues.jsonl"))
    found = house.execute(
        "select project_key, state, count(*) from marts.fct_work_items group by all order by all"
    ).fetchall()
    assert found == [("EE", "done", told["EE"]), ("K5", "todo", told["K5"])]
    types = house.execute("select distinct work_type from marts.fct_work_items order by 1").fetchall()
    assert [name for (name,) in types] == ["bug", "epic", "story", "task"]


def test_every_status_and_sprint_change_of_the_histories_is_kept(house: duckdb.DuckDBPyConnection) -> None:
    items = [item for h in lines("devlake_issue_changelogs.jsonl") for item in h["items"]]  # type: ignore[attr-defined]
    wanted = sum(1 for item in items if item["field"] == "status")
    assert wanted > 5
    assert house.execute(
        "select count(*) from intermediate.int_work_item_changes where field = 'status' and not is_initial"
    ).fetchone() == (wanted,)
