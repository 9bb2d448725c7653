"""``python -m orchestration report``: the pages again, or one edition of another week, quarter or team."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from orchestration.durable import replace_text
from orchestration.home import DataHome
from orchestration.publishing.files import PublisherBusyError
from orchestration.report.material import Team
from orchestration.report.publication import EDITIONS, open_material, publish_report, render_page
from orchestration.report.source import ReportError

CANNOT_MAKE = 1


def run(arguments: Sequence[str], environ: Mapping[str, str] = os.environ) -> int:
    """Exit code: 0 written, 1 nothing is published that it could be made from, or no such team."""
    options = _build_parser().parse_args(arguments)
    home = DataHome(options.home.absolute()) if options.home else DataHome.from_environment(environ)
    try:
        if options.edition is None:
            publication = publish_report(home, environ)
            done = "stand already" if publication.unchanged else "written"
            print(f"{len(publication.pages)} pages {done}: {publication.folder / 'index.html'}")
        else:
            print(_write_one(home, options, environ))
    except (ReportError, PublisherBusyError) as error:
        print(error, file=sys.stderr)
        return CANNOT_MAKE
    return 0


def _write_one(home: DataHome, options: argparse.Namespace, environ: Mapping[str, str]) -> Path:
    with open_material(home) as material:
        team = _find_team(material.teams, options.team) if options.edition == "team" else None
        text = render_page(home, material, environ, options.edition, team=team, on=options.on)
    name = options.edition if team is None else f"{options.edition}-{team.slug}"
    out: Path = options.out or Path(f"report-{name}{f'-{options.on}' if options.on else ''}.html")
    replace_text(out.absolute(), text)
    return out


def _find_team(teams: Sequence[Team], asked: str | None) -> Team:
    for team in teams:
        if asked in (team.team_id, team.team_name):
            return team
    known = ", ".join(team.team_id for team in teams) or "none"
    raise ReportError(f"--team {asked}: no such team; there are: {known}")


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m orchestration report", description=__doc__)
    parser.add_argument("--home", type=Path, help="data home (default: METRICS_HOME, else data/)")
    parser.add_argument(
        "--edition", choices=EDITIONS, help="one page only (default: all, into published/report/)"
    )
    parser.add_argument("--team", help="id or name of the team, for --edition team")
    parser.add_argument(
        "--on",
        type=date.fromisoformat,
        help="for weekly and quarterly: the last one that had ended by this day, YYYY-MM-DD",
    )
    parser.add_argument("--out", type=Path, help="file of one page (default: report-<edition>.html here)")
    return parser
