"""The loader on the command line: ``python -m orchestration.loading load | replay | status``."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from orchestration.dbt_project import PROJECT_DIR
from orchestration.home import DataHome
from orchestration.loading.contract import ContractError, SystemContract, read_contracts
from orchestration.loading.landing import unclaimed
from orchestration.loading.load import load_system
from orchestration.loading.outcome import FileOutcome
from orchestration.loading.replay import ReplayError, replay_file, replay_rejects, replay_table
from orchestration.loading.status import describe_status, format_table
from orchestration.loading.tables import ensure_tables
from orchestration.loading.warehouse import WarehouseBusyError, open_warehouse


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run one command; 0 if done, 1 if it could not be done, 3 if some landed file could not be loaded."""
    parser = _parser()
    given = parser.parse_args(arguments)
    home = DataHome(Path(given.home).absolute()) if given.home else DataHome.from_environment(environ)
    try:
        contracts = read_contracts(Path(given.project))
        with open_warehouse(home, f"loading {given.command}", wait_seconds=given.wait) as con:
            if not (given.command == "replay" and given.all):
                ensure_tables(con, contracts)
            return _COMMANDS[given.command](con, home, contracts, given, environ)
    except (ContractError, ReplayError, WarehouseBusyError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m orchestration.loading", description=__doc__)
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--home", help="the data home (default: METRICS_HOME, else data/)")
    shared.add_argument("--project", default=str(PROJECT_DIR), help="the dbt project with the contracts")
    shared.add_argument("--wait", type=float, default=0.0, help="seconds to wait for a warehouse in use")
    commands = parser.add_subparsers(dest="command", required=True)
    load = commands.add_parser("load", parents=[shared], help="load what is new in the landing folder")
    load.add_argument("--system", help="only this system")
    replay = commands.add_parser(
        "replay", parents=[shared], help="read landed files again under today's contract"
    )
    what = replay.add_mutually_exclusive_group(required=True)
    what.add_argument("--file", help="path or ledger id of one file")
    what.add_argument("--rejects", action="store_true", help="the quarantined records")
    what.add_argument("--all", action="store_true", help="a whole table (needs --system and --table)")
    replay.add_argument("--system", help="of the records or the table")
    replay.add_argument("--table", help="of the records or the table")
    commands.add_parser("status", parents=[shared], help="files, rows, quarantine and drift of every table")
    return parser


def _load(
    con: duckdb.DuckDBPyConnection,
    home: DataHome,
    contracts: Mapping[str, SystemContract],
    given: argparse.Namespace,
    environ: Mapping[str, str],
) -> int:
    if given.system and given.system not in contracts:
        raise ReplayError(f"no contract for system {given.system!r}; there are {', '.join(contracts)}")
    outcomes: list[FileOutcome] = []
    for name, contract in contracts.items():
        if given.system in (None, name):
            outcomes += load_system(con, home, contract, environ=environ)
    _print_outcomes(outcomes)
    for name in unclaimed(home, contracts):
        print(f"warning: nothing reads landing/{name}: no contract has this name", file=sys.stderr)
    return 3 if any(outcome.status == "failed" for outcome in outcomes) else 0


def _replay(
    con: duckdb.DuckDBPyConnection,
    home: DataHome,
    contracts: Mapping[str, SystemContract],
    given: argparse.Namespace,
    environ: Mapping[str, str],
) -> int:
    if given.rejects:
        results = replay_rejects(
            con, home, contracts, system=given.system, table_name=given.table, environ=environ
        )
        rows = [[r.path, r.recovered, r.still_quarantined, r.problem or ""] for r in results]
        print(
            format_table(["file", "recovered", "still quarantined", "problem"], rows)
            or "nothing is quarantined"
        )
        return 0
    if given.all:
        if not (given.system and given.table):
            raise ReplayError("replay --all needs --system and --table")
        outcomes = replay_table(con, home, contracts, given.system, given.table, environ=environ)
    else:
        outcomes = replay_file(con, home, contracts, given.file, environ=environ)
    _print_outcomes(outcomes)
    return 3 if any(outcome.status == "failed" for outcome in outcomes) else 0


def _status(
    con: duckdb.DuckDBPyConnection,
    home: DataHome,
    contracts: Mapping[str, SystemContract],
    given: argparse.Namespace,  # noqa: ARG001  every command has the same signature
    environ: Mapping[str, str],  # noqa: ARG001
) -> int:
    print(describe_status(con, unclaimed(home, contracts)))
    return 0


def _print_outcomes(outcomes: Sequence[FileOutcome]) -> None:
    tables: dict[str, list[int]] = {}
    for o in outcomes:
        counts = tables.setdefault(f"{o.system}.{o.table_name}".rstrip("."), [0] * 7)
        numbers = (o.rows_read, o.rows_loaded, o.rows_duplicate, o.rows_superseded, o.rows_quarantined)
        for position, number in enumerate((1, int(o.status == "failed"), *numbers)):
            counts[position] += number
    heading = ["table", "files", "failed", "read", "loaded", "duplicate", "superseded", "quarantined"]
    print(format_table(heading, [[name, *counts] for name, counts in tables.items()]) or "nothing new")
    for outcome in outcomes:
        if outcome.status == "failed":
            print(f"failed: {outcome.path} {outcome.reason}")


_COMMANDS = {"load": _load, "replay": _replay, "status": _status}


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    sys.exit(main(sys.argv[1:], os.environ))
