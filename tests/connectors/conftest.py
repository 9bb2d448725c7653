"""A data home, a clock that stands still, and clients of a local server that really listens."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr
from pytest_httpserver import HTTPServer

from orchestration.connectors.http import Client, HttpSettings
from orchestration.connectors.pull import PullOutcome, pull_system
from orchestration.connectors.pulled import PulledSystem
from orchestration.connectors.sources import SourcesConfig
from orchestration.home import DataHome

NOW = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)


@pytest.fixture
def home(tmp_path: Path) -> DataHome:
    return DataHome(tmp_path / "data")


@pytest.fixture
def waits() -> list[float]:
    """Seconds that the client was told to sleep, in order."""
    return []


@pytest.fixture
def make_client(httpserver: HTTPServer, waits: list[float]) -> Iterator[Callable[..., Client]]:
    made: list[Client] = []

    def make(**settings: float) -> Client:
        patience = {"retries": 3, "backoff": 0.0, "read_timeout": 10.0, "connect_timeout": 5.0, **settings}
        client = Client(
            "github",
            httpserver.url_for(""),
            {"Authorization": "Bearer s3cret-token"},
            HttpSettings(**patience),
            clock=lambda: NOW,
            sleep=waits.append,
        )
        made.append(client)
        return client

    yield make
    for client in made:
        client.close()


def pull_source(system: str, source: PulledSystem, home: DataHome, now: datetime, token: str) -> PullOutcome:
    """The outcome of pulling ``system`` as its entry ``source`` says, with ``token`` as its secret.

    No wait between two tries takes any time.
    """
    source.token = SecretStr(token)
    config = SourcesConfig.model_validate({system: source})
    outcome = pull_system(system, config, home, lambda: now, sleep=lambda seconds: None)
    assert outcome is not None
    return outcome


def landed(home: DataHome, system: str, table: str) -> list[object]:
    """The JSON bodies landed for a table, in the order of their names."""
    folder = home.landing / system / table
    return [json.loads(path.read_bytes()) for path in sorted(folder.rglob("*.json"), key=lambda p: p.name)]
