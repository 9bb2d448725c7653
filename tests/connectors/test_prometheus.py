"""Pulling Prometheus: whole steps, chunks below its cap, and answers that are not one series."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from orchestration.connectors.prometheus import PrometheusSource, Sli
from orchestration.connectors.pull import pull_system
from orchestration.connectors.refusals import PermanentError
from orchestration.connectors.sources import SourcesConfig
from orchestration.home import DataHome

from .conftest import NOW


class PrometheusServer:
    """One series with a sample a step, at most 11,000 of them; the query ``many`` has two series."""

    def __init__(self, server: HTTPServer) -> None:
        self.ranges: list[tuple[float, float]] = []
        self.url = server.url_for("").rstrip("/")
        server.expect_request("/api/v1/query_range").respond_with_handler(self._handle)

    def _handle(self, request: Request) -> Response:
        start, end, step = (float(request.args[name]) for name in ("start", "end", "step"))
        if (end - start) / step > 11_000:
            return self._json(
                {"status": "error", "error": "exceeded maximum resolution of 11,000 points"}, 400
            )
        self.ranges.append((start, end))
        values = [[start + n * step, "100"] for n in range(int((end - start) / step) + 1)]
        series = [{"metric": {}, "values": values}] * (2 if request.args["query"] == "many" else 1)
        return self._json({"status": "success", "data": {"resultType": "matrix", "result": series}})

    def _json(self, body: object, status: int = 200) -> Response:
        return Response(json.dumps(body), status=status, content_type="application/json")


@pytest.fixture
def prometheus(httpserver: HTTPServer) -> PrometheusServer:
    return PrometheusServer(httpserver)


def pull(server: PrometheusServer, home: DataHome, now: datetime = NOW, **sli: Any) -> None:
    asked = Sli(**{"slo_id": "checkout", "good": "good", "total": "total", **sli})
    source = PrometheusSource(base_url=server.url, since=date(2026, 1, 1), retries=0, slis=[asked])
    pull_system("prometheus", SourcesConfig(prometheus=source), home, lambda: now)


def sample_times(home: DataHome, kind: str) -> list[float]:
    folder = home.landing / "prometheus/sli_samples/checkout" / kind / "300"
    bodies = [json.loads(path.read_bytes()) for path in folder.glob("*.json")]
    return sorted(value[0] for body in bodies for value in body["data"]["result"][0]["values"])


def test_a_long_range_is_cut_into_chunks_that_meet_without_overlap(
    prometheus: PrometheusServer, home: DataHome
) -> None:
    pull(prometheus, home)
    times = sample_times(home, "good")
    expected = int((NOW - datetime(2026, 1, 1, tzinfo=NOW.tzinfo)).total_seconds() / 300)
    assert len(times) == len(set(times)) == expected
    assert times == sample_times(home, "total")


def test_samples_stand_on_multiples_of_the_step(prometheus: PrometheusServer, home: DataHome) -> None:
    pull(prometheus, home, now=NOW + timedelta(seconds=77))
    assert {time % 300 for time in sample_times(home, "good")} == {0.0}
    assert max(sample_times(home, "good")) == NOW.timestamp()


def test_a_second_pull_reads_the_overlap_again(prometheus: PrometheusServer, home: DataHome) -> None:
    pull(prometheus, home)
    prometheus.ranges.clear()
    pull(prometheus, home, now=NOW + timedelta(hours=1))
    assert prometheus.ranges[0][0] == (NOW - timedelta(days=1)).timestamp() + 300


def test_several_series_are_an_error_that_says_what_to_do(
    prometheus: PrometheusServer, home: DataHome
) -> None:
    with pytest.raises(PermanentError, match=r"2 series; sum\(\) them into one"):
        pull(prometheus, home, good="many")
