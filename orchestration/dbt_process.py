"""dbt as a child process that never outlives its parent: ``python -P dbt_process.py <dbt arguments>``.

A run that is killed (``kill -9``, out of memory) cannot stop its dbt. Left alone, that dbt would go on
writing into a warehouse that the next run has already locked. So it looks every tenth of a second whether its
parent is still there.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Sequence

PARENT_GONE = 70  # EX_SOFTWARE; nobody is left to read it


def watch_parent(parent: int) -> None:
    """Ends this process when ``parent`` is no longer its parent. DuckDB's log undoes what was begun."""
    while os.getppid() == parent:
        time.sleep(0.1)
    os._exit(PARENT_GONE)


def main(arguments: Sequence[str]) -> None:
    """Runs dbt with these arguments; ends with dbt's exit code."""
    parent = int(os.environ["METRICS_PARENT_PROCESS"])
    if os.getppid() != parent:
        os._exit(PARENT_GONE)
    threading.Thread(target=watch_parent, args=(parent,), daemon=True).start()
    from dbt.cli.main import cli  # after the watch has begun: this import takes seconds

    cli(list(arguments))


if __name__ == "__main__":
    main(sys.argv[1:])
