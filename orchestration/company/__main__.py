"""``python -m orchestration.company --out data/landing --truth data/company``."""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path

from orchestration.company.generate import generate
from orchestration.company.stack import KNOWN, read_stack


def main(arguments: list[str] | None = None) -> None:
    """Generate a company as the command line asks."""
    parser = argparse.ArgumentParser(prog="python -m orchestration.company", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="the landing folder to write exports into")
    parser.add_argument(
        "--truth", type=Path, required=True, help="folder for what was planted; outside the landing folder"
    )
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument(
        "--scale", type=float, default=1.0, help="1 is 12 teams, 45 services, 240 engineers, 300 customers"
    )
    parser.add_argument("--months", type=int, default=18, help="months of history, 8 to 60")
    parser.add_argument(
        "--last-day", type=date.fromisoformat, default=date(2026, 6, 30), help="last day of history"
    )
    parser.add_argument(
        "--stack",
        default="",
        help=f"systems in the place of the default ones, joined by dashes: {', '.join(KNOWN)}",
    )
    given = parser.parse_args(arguments)
    try:
        stack = read_stack(given.stack)
    except ValueError as error:
        parser.error(str(error))
    truth = generate(
        given.out,
        given.truth,
        seed=given.seed,
        scale=given.scale,
        months=given.months,
        last_day=given.last_day,
        stack=stack,
    )
    files = sum(1 for path in given.out.rglob("*") if path.is_file())
    print(f"{files} files in {given.out}; {len(truth.tables)} tables of truth in {given.truth}")


if __name__ == "__main__":
    main()
