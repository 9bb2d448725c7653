"""The publication to PostgreSQL as a step of the daily run: there where it is asked for, and nowhere else."""

from __future__ import annotations

import json
from collections.abc import Callable

import dagster as dg
import pytest

from orchestration.assets.publication import POSTGRES
from orchestration.definitions import build_definitions
from tests.dagster.conftest import AGENTS, TICKETS, Line
from tests.postgres_cluster import Cluster


def test_without_the_variable_there_is_no_such_asset(line: Line) -> None:
    assert POSTGRES not in build_definitions(line.deployment).resolve_asset_graph().get_all_asset_keys()


def test_a_daily_run_brings_the_marts_to_the_server(
    deploy: Callable[..., Line], postgres_cluster: Cluster
) -> None:
    postgres_cluster.ensure_database("daily")
    line = deploy({"METRICS_POSTGRES_DSN": postgres_cluster.dsn("daily")})
    line.drop("tickets", "a.json", TICKETS)
    line.drop("agents", "a.json", AGENTS)
    result = line.run()
    assert result.success
    with postgres_cluster.connect("daily") as con:
        found = con.execute("select ticket_id from marts.fct_tickets order by 1").fetchall()
        assert found == line.published("select ticket_id from fct_tickets order by 1")
        assert con.execute("select count(*) from marts_people.people_agents").fetchone() == (1,)
    (event,) = result.asset_materializations_for_node("published__postgres")
    assert event.metadata["status"].value == "published"
    line.drop("tickets", "b.json", [{**TICKETS[0], "ticket_id": 3}])
    assert line.run().success
    with postgres_cluster.connect("daily") as con:
        assert con.execute("select count(*) from marts.fct_tickets").fetchone() == (3,)


@pytest.mark.parametrize("dsn", ["postgresql://u:hunter2@", "postgresql://u:hunter2@127.0.0.1:1/metrics"])
def test_a_server_that_is_not_there_fails_the_run_after_the_files_stand(
    deploy: Callable[..., Line], dsn: str
) -> None:
    """... and nothing of the password gets into the run's events."""
    line = deploy({"METRICS_POSTGRES_DSN": f"{dsn}?host=/nonexistent" if dsn.endswith("@") else dsn})
    line.drop("tickets", "a.json", TICKETS)
    line.drop("agents", "a.json", AGENTS)
    result = line.run()
    assert not result.success
    failed = [event.step_key for event in result.all_events if event.is_step_failure]
    assert failed == ["published__postgres"]
    assert line.published("select count(*) from fct_tickets") == [(2,)]
    assert json.loads((line.home.published / "STATUS.json").read_text())["stale_reason"] == (
        "step published__postgres failed"
    )
    told = "".join(dg.serialize_value(event) for event in result.all_events)
    assert "PostgreSQL, while connecting" in told
    assert "hunter2" not in told
