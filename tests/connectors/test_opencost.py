"""Pulling OpenCost: a day a request, idle cost included, late metrics, and answers that only look well."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from orchestration.connectors.pull import PullOutcome
from orchestration.connectors.refusals import PermanentError, TransientError
from orchestration.connectors.sources import OpencostSource
from orchestration.home import DataHome

from .conftest import NOW, pull_source

SINCE = date(2026, 6, 10)
Trouble = Callable[[int], Response | None]


class OpencostServer:
    """A cost for each day asked for; ``trouble`` may answer the n-th request (from 1) in another way."""

    def __init__(self, server: HTTPServer) -> None:
        self.costs: dict[str, float] = {}
        self.asked: list[dict[str, str]] = []
        self.trouble: Trouble = lambda number: None
        self.url = server.url_for("").rstrip("/")
        server.expect_request("/shop/allocation").respond_with_handler(self._handle)

    def _handle(self, request: Request) -> Response:
        self.asked.append(dict(request.args))
        if request.headers.get("Authorization") != "Bearer s3cret":
            return self.answer({"message": "who are you?"}, 401)
        if (other := self.trouble(len(self.asked))) is not None:
            return other
        first, last = request.args["window"].split(",")
        window = {"start": first, "end": last}
        cost = self.costs.get(first[:10], 1.0)
        sets = [
            {
                "shop": {"name": "shop", "window": window, "totalCost": cost},
                "__idle__": {"name": "__idle__", "window": window, "totalCost": 0.5},
            }
        ]
        return self.answer({"code": 200, "data": sets if cost else [{}]})

    def answer(self, body: object, status: int = 200, **headers: str) -> Response:
        return Response(json.dumps(body), status=status, content_type="application/json", headers=headers)

    def days(self) -> list[str]:
        return [args["window"][:10] for args in self.asked]


@pytest.fixture
def opencost(httpserver: HTTPServer) -> OpencostServer:
    return OpencostServer(httpserver)


def pull(
    server: OpencostServer, home: DataHome, now: datetime = NOW, token: str = "s3cret", **options: Any
) -> PullOutcome:
    source = OpencostSource(
        base_url=server.url,
        token_env="OPENCOST",
        since=SINCE,
        clusters=[{"name": "shop", "path": "shop/allocation"}],
        **{"retries": 0, "retry_backoff_seconds": 0, **options},
    )
    return pull_source("opencost", source, home, now, token)


def costs(home: DataHome) -> dict[str, float]:
    """The newest cost of the workload by day, as loading would keep it."""
    found = {}
    for path in sorted((home.landing / "opencost/allocations/shop").rglob("*.json"), key=lambda p: p.name):
        found[path.parent.name] = json.loads(path.read_bytes())["data"][0]["shop"]["totalCost"]
    return found


def test_a_first_pull_reads_each_day_that_is_over_with_its_idle_cost(
    opencost: OpencostServer, home: DataHome
) -> None:
    pull(opencost, home)
    assert opencost.days() == [f"2026-06-{day}" for day in range(10, 15)]
    assert sorted(costs(home)) == opencost.days()
    first = opencost.asked[0]
    assert first["window"] == "2026-06-10T00:00:00Z,2026-06-11T00:00:00Z"
    assert (first["includeIdle"], first["step"], first["aggregate"]) == ("true", "1d", "namespace,controller")


def test_the_next_pull_reads_the_new_day_and_those_that_may_have_changed(
    opencost: OpencostServer, home: DataHome
) -> None:
    pull(opencost, home)
    opencost.asked.clear()
    opencost.costs["2026-06-14"] = 1.25
    pull(opencost, home, now=NOW + timedelta(days=1))
    assert opencost.days() == ["2026-06-13", "2026-06-14", "2026-06-15"]
    assert costs(home)["2026-06-14"] == 1.25


def test_a_pull_that_breaks_off_goes_on_at_the_day_it_had_reached(
    opencost: OpencostServer, home: DataHome
) -> None:
    opencost.trouble = lambda number: opencost.answer({}, 500) if number == 3 else None
    with pytest.raises(TransientError):
        pull(opencost, home)
    assert sorted(costs(home)) == ["2026-06-10", "2026-06-11"]
    opencost.asked.clear()
    opencost.trouble = lambda number: None
    pull(opencost, home, overlap_days=0)
    assert opencost.days() == ["2026-06-12", "2026-06-13", "2026-06-14"]
    assert sorted(costs(home)) == [f"2026-06-{day}" for day in range(10, 15)]


@pytest.mark.parametrize(("status", "extra"), [(429, {"Retry-After": "0"}), (500, {}), (503, {})])
def test_a_busy_server_is_asked_again(
    opencost: OpencostServer, home: DataHome, status: int, extra: dict[str, str]
) -> None:
    opencost.trouble = lambda number: opencost.answer({}, status, **extra) if number == 1 else None
    pull(opencost, home, retries=2)
    assert opencost.days()[:2] == ["2026-06-10", "2026-06-10"]
    assert len(costs(home)) == 5


def test_a_wrong_token_is_an_error_and_lands_nothing(opencost: OpencostServer, home: DataHome) -> None:
    with pytest.raises(PermanentError, match="HTTP 401: the token is missing, wrong or expired"):
        pull(opencost, home, token="wrong", retries=3)
    assert len(opencost.asked) == 1
    assert costs(home) == {}


@pytest.mark.parametrize(
    ("body", "error", "said"),
    [
        ({"code": 500, "message": "prometheus is away"}, TransientError, "code 500.*prometheus is away"),
        ({"code": 400, "message": "bad window"}, PermanentError, "code 400.*bad window"),
        ({"code": 200}, PermanentError, "no list of allocation sets"),
    ],
)
def test_an_error_inside_a_good_answer_is_an_error(
    opencost: OpencostServer, home: DataHome, body: object, error: type[Exception], said: str
) -> None:
    opencost.trouble = lambda number: opencost.answer(body)
    with pytest.raises(error, match=said):
        pull(opencost, home)
    assert costs(home) == {}


def test_a_day_without_workloads_lands_nothing_and_is_done(opencost: OpencostServer, home: DataHome) -> None:
    opencost.costs["2026-06-11"] = 0
    pull(opencost, home)
    assert "2026-06-11" not in costs(home)
    opencost.asked.clear()
    pull(opencost, home, overlap_days=0)
    assert opencost.asked == []
