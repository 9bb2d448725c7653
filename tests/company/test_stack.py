"""The same company told by other tools: the same truth, and the same KPIs, up to what a tool cannot say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from orchestration.company import generate
from orchestration.company.__main__ import main
from orchestration.company.stack import Stack, read_stack
from orchestration.home import DataHome
from tests.conftest import LAST_DAY
from tests.dbt.project import load_everything, run_dbt

STACK = "gitlab-jenkins-opsgenie-servicenow-azure"

# What a figure says; ``value`` is compared as it is, for both are made of the same records.
TOLD = ("value", "numerator", "denominator", "sample_size", "excluded", "coverage", "is_complete", "status")
SERVICES = {"org", "group", "team", "service", "tier"}
UNJUDGED = (
    "Opsgenie and ServiceNow have no incident without a priority: what nobody judged is of the lowest one, "
    "and no longer of none"
)
WAITING = (
    "A pipeline's build begins on Jenkins' controller at once and waits for an agent inside itself: "
    "how long is not told"
)
LISTED = (
    "GitHub lists pull requests among the issues, where they count as left out and begin the first week "
    "early; GitLab lists issues alone"
)
ISSUES = ("cycle_time", "cycle_time_p85", "investment_debt", "investment_keep_the_lights_on",
          "investment_new_value", "investment_ratio", "investment_reliability", "investment_security",
          "investment_unclassified", "throughput", "throughput_bugs", "throughput_epics", "throughput_points",
          "throughput_stories", "throughput_tasks")  # fmt: skip
# KPI, the segments in which it differs, and why.
DIFFERENT = {
    "major_incidents": (SERVICES, UNJUDGED),
    "unmapped_severity_incidents": (SERVICES, UNJUDGED),
    "time_to_restore": ({"severity"}, UNJUDGED),
    "pipeline_queue": (SERVICES, WAITING),
    **dict.fromkeys(ISSUES, (SERVICES, LISTED)),
    **dict.fromkeys(
        ("cycle_time", "cycle_time_p85", "throughput", "throughput_points"),
        (SERVICES | {"work_type"}, LISTED),
    ),
}
# What no difference above touches, though a KPI is listed: its very figure.
SAME_VALUE = {"major_incidents", *ISSUES}


@pytest.fixture(scope="module")
def plain_truth(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The truth that the default stack's company comes with."""
    home = tmp_path_factory.mktemp("plain")
    generate(home / "landing", home / "truth", scale=0.05, months=8)
    return home / "truth"


def test_a_stack_is_a_list_of_systems_joined_by_dashes():
    assert read_stack(STACK).systems == {"gitlab", "jenkins", "opsgenie", "servicenow", "azure"}
    assert read_stack("") == read_stack(None) == Stack()
    assert "gitlab" not in read_stack("jenkins")


@pytest.mark.parametrize("text", ["gitlab-bamboo", "gitlab--azure", "github"])
def test_a_system_that_the_company_does_not_speak_is_refused_with_those_that_it_does(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    with pytest.raises(ValueError, match=r"does not speak '.*'; it knows gitlab .*; jenkins .*; azure "):
        read_stack(text)
    with pytest.raises(SystemExit):
        main(["--out", str(tmp_path / "landing"), "--truth", str(tmp_path / "truth"), "--stack", text])
    assert "it knows gitlab" in capsys.readouterr().err
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("system", "told", "silent"),
    [
        ("gitlab", {"gitlab"}, {"github"}),
        ("jenkins", {"github", "jenkins"}, {"gitlab"}),
        ("opsgenie", {"opsgenie"}, {"pagerduty"}),
        ("servicenow", {"servicenow", "pagerduty"}, set()),
        ("azure", {"azure_cost", "focus"}, set()),
    ],
)
def test_each_system_stands_in_by_itself_and_the_truth_is_the_same(
    system: str, told: set[str], silent: set[str], plain_truth: Path, tmp_path: Path
):
    generate(tmp_path / "landing", tmp_path / "same", scale=0.05, months=8, stack=read_stack(system))
    systems = {path.name for path in (tmp_path / "landing").iterdir()}
    assert told <= systems
    assert not silent & systems
    for path in plain_truth.iterdir():
        if path.name != "truth.json":
            assert path.read_bytes() == (tmp_path / "same" / path.name).read_bytes(), path.name
    truth, same = (json.loads((f / "truth.json").read_text()) for f in (plain_truth, tmp_path / "same"))
    # Bad rows are named by the system in whose files they lie.
    assert sum(truth.pop("bad_rows").values()) == sum(same.pop("bad_rows").values())
    assert truth == same


@pytest.fixture(scope="module")
def con(
    built_company: DataHome, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Every figure of either company that the other tells differently, or not at all."""
    home = DataHome(tmp_path_factory.mktemp("dialect"))
    parameters = {"seed": 5, "scale": 0.1, "months": 8, "last_day": LAST_DAY}
    generate(home.landing, home.company, **parameters, stack=read_stack(STACK))
    load_everything(home)
    # Seeds and models up to the figures: that the models hold together, the default stack's build has tested.
    variables = json.dumps({"as_of_date": LAST_DAY.isoformat()})
    left_out = ("--exclude-resource-type", "unit_test", "test")
    run_dbt(home, "build", "--select", "+fct_kpi_values", *left_out, "--vars", variables)
    with duckdb.connect() as con:
        con.execute(f"attach '{built_company.warehouse}' as plain (read_only)")
        con.execute(f"attach '{home.warehouse}' as dialect (read_only)")
        told = ", ".join(f"plain.{column} as plain_{column}, other.{column} as {column}" for column in TOLD)
        differs = " or ".join(f"plain.{column} is distinct from other.{column}" for column in TOLD)
        con.execute(
            f"""create table different as
            select kpi_id, period_grain, period_start, segment_type, segment_id, {told}
            from plain.marts.fct_kpi_values as plain
            full join dialect.marts.fct_kpi_values as other
                using (kpi_id, period_grain, period_start, segment_type, segment_id)
            where {differs}"""
        )
        yield con


def test_each_kpi_is_the_same_in_every_period_and_segment(con: duckdb.DuckDBPyConnection):
    found: dict[str, set[str]] = {}
    for kpi_id, segment_type in con.execute("select distinct kpi_id, segment_type from different").fetchall():
        found.setdefault(kpi_id, set()).add(segment_type)
    assert found == {kpi_id: segments for kpi_id, (segments, _) in DIFFERENT.items()}
    # Pull requests are of no type: only where they are listed is there a segment of what has none.
    moved = con.execute(
        "select distinct kpi_id from different where value is distinct from plain_value"
        " and not (segment_type = 'work_type' and segment_id = 'unmapped')"
    ).fetchall()
    assert not {kpi_id for (kpi_id,) in moved} & SAME_VALUE
    severities = "select distinct segment_id from different where segment_type = 'severity'"
    assert set(con.execute(severities).fetchall()) <= {("sev4",), ("unmapped",)}
    assert con.execute("select count(*) > 10_000 from dialect.marts.fct_kpi_values").fetchall() == [(True,)]
