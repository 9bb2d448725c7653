"""``kill -9`` at random instants of whole runs: a rerun ends as an undisturbed one, readers notice nothing.

By default one instant; all that the product promises: ``--kills 30``.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from orchestration.home import DataHome
from orchestration.instance import open_instance
from orchestration.publishing.status import CURRENT, read_status
from tests.conftest import LAST_DAY
from tests.dagster.whole_line import (
    Content,
    copy_home,
    find_leftovers,
    read_contents,
    start,
)
from tests.dbt.project import copy_parsed

ANALYST = Path(__file__).with_name("analyst.py")
COMPANY = ("--seed", "5", "--scale", "0.05", "--months", "8")
DAILY = ("daily", "--as-of-date", LAST_DAY.isoformat())
DEMO = ("demo", "--as-of-date", LAST_DAY.isoformat(), *COMPANY)
# A run may be quicker than the undisturbed one was, and over before the instant that was drawn.
DRAWS_PER_KILL = 4

pytestmark = [pytest.mark.slow, pytest.mark.timeout(7200)]


@dataclass(frozen=True)
class Start:
    """A prepared home, the command that is given on it, and what an undisturbed run made of a copy."""

    home: DataHome
    arguments: tuple[str, ...]
    seconds: float
    undisturbed: DataHome
    contents: Content


def run_undisturbed(prepared: DataHome, arguments: tuple[str, ...], place: Path) -> Start:
    done = copy_home(prepared, place)
    seconds = start(done, arguments).finish()
    assert find_leftovers(done) == []
    return Start(prepared, arguments, seconds, done, read_contents(done))


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Start:
    """Nothing there but the parsed project: ``demo`` generates, loads, builds and publishes."""
    folder = tmp_path_factory.mktemp("empty")
    home = DataHome(folder / "prepared")
    copy_parsed(home)
    return run_undisturbed(home, DEMO, folder / "undisturbed")


@pytest.fixture(scope="module")
def yesterday(empty: Start, tmp_path_factory: pytest.TempPathFactory) -> Start:
    """Published as of the day before; then the newest file of every table with several has come."""
    folder = tmp_path_factory.mktemp("yesterday")
    home = copy_home(empty.home, folder / "prepared")
    landing = empty.undisturbed.landing
    files = {path for path in landing.rglob("*") if path.is_file()}
    by_table = [sorted(files & set(table.rglob("*"))) for table in sorted(landing.glob("*/*"))]
    today = {of_table[-1] for of_table in by_table if len(of_table) > 1}
    assert len(today) > 15

    def land(chosen: set[Path]) -> None:
        for path in sorted(chosen):
            target = home.landing / path.relative_to(landing)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)

    land(files - today)
    start(home, ("daily", "--as-of-date", (LAST_DAY - timedelta(days=1)).isoformat())).finish()
    land(today)
    return run_undisturbed(home, DAILY, folder / "undisturbed")


@contextmanager
def analyst_reading(home: DataHome) -> Iterator[Callable[[], dict[str, Any]]]:
    """Somebody who reads what is published all the while; what is yielded ends it and gives what it saw."""
    reader = subprocess.Popen(
        [sys.executable, str(ANALYST), str(home.root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert reader.stdout is not None
    assert reader.stdout.readline() == "reading\n"

    def stop() -> dict[str, Any]:
        out, problem = reader.communicate("")
        assert reader.returncode == 0, problem
        seen: dict[str, Any] = json.loads(out)
        return seen

    try:
        yield stop
    finally:
        reader.kill()
        reader.wait()


def kill_and_rerun(begin: Start, home: DataHome, wait: float, *, whole_group: bool) -> str | float:
    """One trial; the stage in which the run was killed, or its seconds if it was over before.

    Asserts that the rerun ends as the undisturbed run, and that an analyst could read all the while.
    """
    with analyst_reading(home) as stop:
        run = start(home, begin.arguments)
        with suppress(subprocess.TimeoutExpired):
            run.process.wait(wait)
        stage = run.stage
        if not run.kill(whole_group=whole_group):
            return time.monotonic() - run.began
        rerun = start(home, begin.arguments)
        rerun.finish()
        seen = stop()
    assert seen["reads"] > 0
    contents = read_contents(home)
    assert {name for name in begin.contents if contents.get(name) != begin.contents[name]} == set()
    assert contents.keys() == begin.contents.keys()
    assert find_leftovers(home) == []
    assert read_status(home).state == CURRENT
    with open_instance(home) as instance:
        statuses = [run.status for run in instance.get_runs()]
    assert statuses[0] is dg.DagsterRunStatus.SUCCESS
    assert not set(statuses) - {dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE}
    return stage


def kill_often(begin: Start, place: Path, kills: int, seed: int) -> list[tuple[float, str]]:
    """``kills`` trials at instants drawn uniformly, one from each equal part of the run's time.

    Every third kill takes the first process alone, as the kernel does when memory runs out.
    """
    draw = random.Random(seed)
    seconds = begin.seconds
    trials: list[tuple[float, str]] = []
    for number, part in enumerate(draw.sample(range(kills), kills)):
        for _ in range(DRAWS_PER_KILL):
            wait = (part + draw.random()) / kills * seconds
            home = copy_home(begin.home, place)
            try:
                found = kill_and_rerun(begin, home, wait, whole_group=number % 3 != 2)
            except AssertionError as error:
                error.add_note(f"kill {number} of {kills}, seed {seed}, after {wait:.2f} s; before: {trials}")
                raise
            if isinstance(found, str):
                break
            seconds = found  # the machine is quicker than it was with the undisturbed run
        else:
            pytest.fail(f"the run was over {DRAWS_PER_KILL} times before it could be killed")
        trials.append((round(wait, 2), found))
        print(f"killed after {wait:.2f} s of {seconds:.1f} s, in {found}: as undisturbed", flush=True)
    return trials


def assert_spread(trials: list[tuple[float, str]]) -> None:
    """Ten kills or more met loading and building: a run is not over, nor still starting, at most instants."""
    stages = {stage for _, stage in trials}
    if len(trials) >= 10:
        assert "models" in stages
        assert any(stage.startswith("raw_") for stage in stages)


def test_a_first_run_killed_anywhere_is_made_good_by_the_next(
    empty: Start, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    kills, seed = pytestconfig.getoption("kills"), pytestconfig.getoption("kill_seed")
    if kills < 2:
        pytest.skip("one kill is of a daily run; --kills 2 and more kill first runs too")
    trials = kill_often(empty, tmp_path / "home", kills // 2, seed)
    assert_spread(trials)


def test_a_daily_run_killed_anywhere_is_made_good_by_the_next(
    yesterday: Start, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    kills, seed = pytestconfig.getoption("kills"), pytestconfig.getoption("kill_seed")
    trials = kill_often(yesterday, tmp_path / "home", (kills + 1) // 2, seed + 1)
    assert_spread(trials)


def test_yesterdays_and_todays_files_end_as_all_at_once(empty: Start, yesterday: Start) -> None:
    differing = {name for name in empty.contents if yesterday.contents.get(name) != empty.contents[name]}
    # Who published yesterday remembers its figures and restates them; meta_publication sums these tables up.
    remembered = {
        "fct_kpi_value_history",
        "fct_kpi_restatements",
        "fct_kpi_restatement_records",
        "meta_publication",
    }
    assert {name for name in differing if name.split(".")[-1] not in remembered} == set()
