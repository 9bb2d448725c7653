"""``python -m orchestration daily`` over the small project, for the tests that kill it."""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from orchestration.runs import run  # noqa: E402  the project is not an installed package

if __name__ == "__main__":
    sys.exit(
        run(
            ["daily", "--home", sys.argv[1]],
            clock=lambda: datetime(2026, 7, 2, 6, tzinfo=UTC),
            environ=os.environ,
            project_dir=Path(__file__).parent / "project",
        )
    )
