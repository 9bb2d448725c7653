"""The Dagster jobs ``daily`` and ``demo`` in this process, with readable progress."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import dagster as dg

from orchestration.company.stack import KNOWN, read_stack
from orchestration.dbt_project import PROJECT_DIR, DbtParseError
from orchestration.definitions import build_definitions
from orchestration.deployment import Clock, Deployment, DeploymentError, read_deployment
from orchestration.home import DataHome
from orchestration.instance import describe_process, fail_dead_runs, open_instance
from orchestration.loading.contract_model import ContractError
from orchestration.notices.findings import RunOutcome
from orchestration.notices.telling import tell_of_run
from orchestration.progress import build_progress_logger, build_text_logger
from orchestration.publishing.published import read_published, snapshot_path
from orchestration.publishing.status import read_status
from orchestration.watch import read_outcome

RUN_FAILED = 1
CANNOT_START = 2


def run(
    arguments: Sequence[str],
    *,
    clock: Clock = lambda: datetime.now(UTC),
    environ: Mapping[str, str] = os.environ,
    project_dir: Path = PROJECT_DIR,
) -> int:
    """Exit code: 0 published, 1 the run failed and the last good publication stands, 2 it could not start."""
    options = _build_parser().parse_args(arguments)
    # `data` is where the command is given, as for `dagster dev`.
    home = DataHome(options.home.absolute()) if options.home else DataHome.from_environment(environ)
    try:
        deployment = read_deployment(environ, clock, project_dir, home)
    except (ContractError, DeploymentError, DbtParseError) as error:
        print(error, file=sys.stderr)
        return CANNOT_START
    return run_job(deployment, options)


def run_job(deployment: Deployment, options: argparse.Namespace) -> int:
    """Runs ``options.job`` and says how it went."""
    began = time.monotonic()
    terminal = sys.stdout

    def say(line: str) -> None:
        terminal.write(line + "\n")
        terminal.flush()

    home = deployment.home
    say(f"{options.job}, data home {home.root}")
    definitions = dg.Definitions.merge(
        build_definitions(deployment), dg.Definitions(loggers={"progress": build_progress_logger(say)})
    )
    with open_instance(home) as instance, (home.dagster / "last_run.log").open("w") as log:
        fail_dead_runs(instance)
        # dbt's own words, which dagster-dbt prints as they come, go to the log: here is one line per stage.
        with contextlib.redirect_stdout(log), contextlib.redirect_stderr(log):
            result = definitions.resolve_job_def(options.job).execute_in_process(
                run_config=_build_run_config(options),
                instance=instance,
                raise_on_error=False,
                tags=describe_process(),
            )
        outcome = read_outcome(instance, result.run_id, deployment.clock())
    code = _conclude(home, result.success, time.monotonic() - began, say)
    _tell(deployment, outcome, say)
    return code


def _conclude(home: DataHome, success: bool, seconds: float, say: Callable[[str], None]) -> int:
    published, status = read_published(home), read_status(home)
    if not success:
        say(f"\nFailed after {seconds:.1f} s; what was said in full: {home.dagster / 'last_run.log'}")
        say(
            f"Still published: as of {published.as_of_date}, {status.state}"
            if published
            else "Nothing is published yet"
        )
        return RUN_FAILED
    if published is None:
        say(f"\nFailed after {seconds:.1f} s: every stage ended well, but {home.published} is empty")
        return RUN_FAILED
    say(
        f"\nPublished as of {published.as_of_date} ({status.state}): {published.tables} marts, "
        f"{published.rows:,} rows, after {seconds:.1f} s"
    )
    say(f"Look: duckdb -readonly {snapshot_path(home)}")
    if (page := home.published / "report" / "index.html").exists():
        say(f"Read: {page}")
    return 0


def _tell(deployment: Deployment, outcome: RunOutcome, say: Callable[[str], None]) -> None:
    """Tells of the run whom the environment names; what goes wrong here is said, and fails no run."""
    log = build_text_logger(say)
    try:
        tell_of_run(deployment.home, outcome, deployment.environ, log, deployment.clock())
    except Exception as error:  # noqa: BLE001  the edge: the run is over, and ended as it ended
        log.error(f"Notices could not be worked out: {type(error).__name__}: {error}")


def _build_run_config(options: argparse.Namespace) -> dict[str, Any]:
    parameters: dict[str, Any] = {"full_refresh": options.full_refresh}
    if options.as_of_date:
        parameters["as_of_date"] = options.as_of_date.isoformat()
    if options.job == "demo":
        parameters |= {
            "generate_company": True,
            "company_seed": options.seed,
            "company_scale": options.scale,
            "company_months": options.months,
            "company_stack": options.stack,
        }
    return {
        "resources": {"run_parameters": {"config": parameters}},
        "loggers": {"progress": {}},
    }


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m orchestration", description=__doc__)
    jobs = parser.add_subparsers(dest="job", required=True)
    daily = jobs.add_parser("daily", help="pull and load what is new, build what has changed, publish")
    demo = jobs.add_parser("demo", help="generate the demo company if nothing has landed yet, then as daily")
    for job in (daily, demo):
        job.add_argument("--home", type=Path, help="data home (default: METRICS_HOME, else data/)")
        job.add_argument(
            "--as-of-date",
            type=date.fromisoformat,
            help="last day that counts, YYYY-MM-DD (default: the business's last complete day)",
        )
        job.add_argument("--full-refresh", action="store_true", help="build every model from scratch")
    demo.add_argument("--seed", type=int, default=7, help="same seed, same company (default 7)")
    demo.add_argument("--scale", type=float, default=1.0, help="size; 1 is 240 engineers (default 1)")
    demo.add_argument("--months", type=int, default=18, help="months of history (default 18)")
    demo.add_argument(
        "--stack",
        type=_check_stack,
        default="",
        help=f"systems in the place of the default ones, joined by dashes: {', '.join(KNOWN)}",
    )
    return parser


def _check_stack(text: str) -> str:
    try:
        read_stack(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return text
