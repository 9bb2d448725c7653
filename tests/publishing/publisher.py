"""Publishes until it is killed."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from orchestration.home import DataHome  # noqa: E402  the project is not an installed package
from orchestration.publishing.snapshot import publish  # noqa: E402
from tests.publishing.conftest import describe_run  # noqa: E402

print("publishing", flush=True)
home = DataHome(Path(sys.argv[1]))
number = 0
while True:
    publish(home, describe_run(home, run_id=f"{sys.argv[2]}-{number}"))
    number += 1
