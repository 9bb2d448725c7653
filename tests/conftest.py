"""Options of the whole suite, its order, and the company that several files of tests read."""

from __future__ import annotations

import fcntl
import os
import pickle
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from orchestration.company import generate
from orchestration.home import DataHome
from tests.dbt.project import build_everything, load_everything

if TYPE_CHECKING:
    from tests.postgres_cluster import Cluster

LAST_DAY = date(2026, 6, 30)
COMPANY: Mapping[str, Any] = {"seed": 5, "scale": 0.1, "months": 8, "last_day": LAST_DAY}


def pytest_addoption(parser: pytest.Parser) -> None:
    """How hard ``tests/dagster/test_killed_runs.py`` tries."""
    group = parser.getgroup("killed runs")
    group.addoption(
        "--kills", type=int, default=1, help="runs that are killed, over all starting states (default 1)"
    )
    group.addoption("--kill-seed", type=int, default=7, help="seed of the instants of the kills (default 7)")

    parser.addoption(
        "--publications",
        type=int,
        default=8,
        help="publications to PostgreSQL under four readers (default 8)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """No test publishes to the server of whoever runs them; what Python compiles stays compiled."""
    os.environ.pop("METRICS_POSTGRES_DSN", None)
    keep_compiled(config.rootpath / ".pytest_cache" / "bytecode")


def keep_compiled(folder: Path) -> None:
    """Where Python must not write beside its sources, it does so here: hundreds of processes import them."""
    if sys.dont_write_bytecode:
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = str(folder)
        sys.pycache_prefix, sys.dont_write_bytecode = str(folder), False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests first: with several workers nobody waits for a long file at the end."""
    long = {i.path for i in items if i.get_closest_marker("slow") or i.get_closest_marker("spark")}
    items.sort(key=lambda item: item.path not in long)


def make_once(factory: pytest.TempPathFactory, name: str, make: Callable[[DataHome], None]) -> DataHome:
    """The home that ``make`` fills, once for all workers of the session."""
    folder = factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        folder = folder.parent
    home, done = DataHome(folder / name / "data"), folder / name / "done"
    home.root.mkdir(parents=True, exist_ok=True)
    with (home.root.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            make(home)
            done.touch()
    return home


def planted_truth(home: DataHome) -> Path:
    """Where the ``Truth`` of the built company lies, pickled."""
    return home.root / "truth.pickle"


@pytest.fixture(scope="session")
def built_company(tmp_path_factory: pytest.TempPathFactory) -> DataHome:
    """A small company up to 30 June 2026, landed, loaded and built once for all workers: read only."""

    def make(home: DataHome) -> None:
        truth = generate(home.landing, home.company, **COMPANY)
        planted_truth(home).write_bytes(pickle.dumps(truth))
        load_everything(home)
        build_everything(home, LAST_DAY)

    return make_once(tmp_path_factory, "built-company", make)


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[Cluster]:
    """A PostgreSQL server of this process's own; tests make databases in it."""
    # psycopg is an extra: the rest of the suite runs without it.
    from tests.postgres_cluster import find_binaries, run_cluster

    binaries = find_binaries()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    with run_cluster(binaries) as cluster:
        yield cluster
