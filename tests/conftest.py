"""Options of the whole suite."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """How hard ``tests/dagster/test_killed_runs.py`` tries."""
    group = parser.getgroup("killed runs")
    group.addoption(
        "--kills", type=int, default=4, help="runs that are killed, over all starting states (default 4)"
    )
    group.addoption("--kill-seed", type=int, default=7, help="seed of the instants of the kills (default 7)")
