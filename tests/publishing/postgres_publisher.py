"""Publishes the files of a home to PostgreSQL, once, unless it is killed."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from orchestration.home import DataHome  # noqa: E402  the project is not an installed package
from orchestration.publishing.postgres import publish_postgres  # noqa: E402

print("publishing", flush=True)
publish_postgres(DataHome(Path(sys.argv[1])), os.environ["METRICS_POSTGRES_DSN"], "killed")
