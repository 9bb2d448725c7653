"""Tells of a failed run, in a process that can be killed: ``teller.py <home> <run number>``."""

import logging
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from orchestration.home import DataHome  # noqa: E402  the project is not an installed package
from orchestration.notices.findings import RunOutcome  # noqa: E402
from orchestration.notices.telling import tell_of_run  # noqa: E402

ended_at = datetime(2026, 7, 2, 6, tzinfo=UTC) + timedelta(hours=int(sys.argv[2]))
outcome = RunOutcome(f"run-{sys.argv[2]}", "daily", ended_at, success=False, failed_steps=("models",))
tell_of_run(DataHome(Path(sys.argv[1])), outcome, os.environ, logging.getLogger(), ended_at)
