"""``python -m orchestration.notices``: tells of a daily run that did not come and of what stands published.

For a timer beside the daily one (cron, systemd) where no Dagster daemon watches: it opens no warehouse, and
says nothing twice.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from orchestration.home import DataHome
from orchestration.notices.channels import ChannelError
from orchestration.notices.telling import tell_of_state


def main(arguments: Sequence[str], environ: Mapping[str, str], now: datetime) -> int:
    """0 if everybody was told who could be reached, 2 if the environment names a channel that is none."""
    parser = argparse.ArgumentParser(prog="python -m orchestration.notices", description=__doc__)
    parser.add_argument("--home", type=Path, help="the data home (default: METRICS_HOME, else data/)")
    given = parser.parse_args(arguments)
    home = DataHome(given.home.absolute()) if given.home else DataHome.from_environment(environ)
    try:
        tell_of_state(home, environ, logging.getLogger("orchestration.notices"), now)
    except ChannelError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    sys.exit(main(sys.argv[1:], os.environ, datetime.now(UTC)))
