"""Pulling Prometheus: whole steps, chunks below its cap, and answers that are not one series."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from orchestration.connectors.prometheus import PrometheusSource, Sli
from orchestration.connectors.refusals import PermanentError
from orchestration.home import DataHome

from .conftest import NOW, pull_source


class PrometheusServer:
    """One series with a sample a step, at most 11,000 of them; the query ``many`` has two series."""

    def __init__(self, server: HTTPServer) -> None:
        self.ranges: list[tuple[float, float]] = []
        self.fail_at: int | None = None
        self.busy = 0
        self.refused = 0
        self.url = server.url_for("").rstrip("/")
        server.expect_request("/api/v1/query_range").respond_with_handler(self._handle)

    def _handle(self, request: Request) -> Response:
        if request.headers.get("Authorization") != "Bearer s3cret":
            self.refused += 1
            return Response("Unauthorized", status=401, content_type="text/plain")
        if self.busy:
            self.busy -= 1
            return self._json(
                {"status": "error", "error": "too many outstanding requests"}, 429, {"Retry-After": "0"}
            )
        if self.fail_at is not None and len(self.ranges) + 1 >= self.fail_at:
            return self._json({"status": "error", "errorType": "execution", "error": "query timed out"}, 501)
        start, end, step = (float(request.args[name]) for name in ("start", "end", "step"))
        if (end - start) / step > 11_000:
            return self._json(
                {"status": "error", "error": "exceeded maximum resolution of 11,000 points"}, 400
            )
        self.ranges.append((start, end))
        values = [[start + n * step, "100"] for n in range(int((end - start) / step) + 1)]
        series = [{"metric": {}, "values": values}] * (2 if request.args["query"] == "many" else 1)
        return self._json({"status": "success", "data": {"resultType": "matrix", "result": series}})

    def _json(self, body: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
        return Response(json.dumps(body), status=status, content_type="application/json", headers=headers)


@pytest.fixture
def prometheus(httpserver: HTTPServer) -> PrometheusServer:
    return PrometheusServer(httpserver)


def pull(
    server: PrometheusServer, home: DataHome, now: datetime = NOW, token: str = "s3cret", **sli: Any
) -> None:
    asked = Sli(**{"slo_id": "checkout", "good": "good", "total": "total", **sli})
    source = PrometheusSource(
        base_url=server.url,
        token_env="PROMETHEUS_TOKEN",
        since=date(2026, 1, 1),
        retries=2,
        retry_backoff_seconds=0,
        slis=[asked],
    )
    pull_source("prometheus", source, home, now, token)


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


def test_a_pull_that_dies_in_the_middle_goes_on_with_the_range_it_was_at(
    prometheus: PrometheusServer, home: DataHome
) -> None:
    prometheus.fail_at = 4  # of the second range, the samples of the total
    with pytest.raises(PermanentError, match="prometheus: HTTP 501: query timed out"):
        pull(prometheus, home, step_seconds=300)
    prometheus.fail_at = None
    died_at = prometheus.ranges[-1]
    pull(prometheus, home, now=NOW + timedelta(minutes=5))
    assert min(start for start, _ in prometheus.ranges[3:]) == died_at[0] - 24 * 3600
    expected = int((NOW - datetime(2026, 1, 1, tzinfo=NOW.tzinfo)).total_seconds() / 300) + 1
    assert len(set(sample_times(home, "good"))) == len(set(sample_times(home, "total"))) == expected


def test_a_busy_server_is_asked_again(prometheus: PrometheusServer, home: DataHome) -> None:
    prometheus.busy = 2
    pull(prometheus, home, now=datetime(2026, 1, 2, tzinfo=NOW.tzinfo))
    assert len(sample_times(home, "good")) == 288


def test_a_refused_token_is_named_and_not_tried_again(prometheus: PrometheusServer, home: DataHome) -> None:
    with pytest.raises(
        PermanentError, match="prometheus: HTTP 401: the token is missing, wrong or expired"
    ) as caught:
        pull(prometheus, home, token="0ther")
    assert prometheus.refused == 1
    assert "0ther" not in str(caught.value)
    assert not (home.cursors / "prometheus.json").exists()
