"""dbt as a child process that never outlives its parent: ``python -P dbt_process.py <dbt arguments>``.

Parsing the project takes dbt longer than most builds, and it parses again for every new value of a variable,
though no model's place in the graph depends on one. Where ``METRICS_DBT_MANIFEST`` names what an earlier
parse of the same files left (``partial_parse.msgpack``), that is used as it is, and not written out again.

A run that is killed (``kill -9``, out of memory) cannot stop its dbt. Left alone, that dbt would go on
writing into a warehouse that the next run has already locked. So it looks every tenth of a second whether its
parent is still there.
"""

from __future__ import annotations

import gc
import os
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PARENT_GONE = 70  # EX_SOFTWARE; nobody is left to read it


def watch_parent(parent: int) -> None:
    """Ends this process when ``parent`` is no longer its parent. DuckDB's log undoes what was begun."""
    while os.getppid() == parent:
        time.sleep(0.1)
    os._exit(PARENT_GONE)


def read_manifest(parsed: Path) -> Any:
    """dbt's Manifest as a parse has left it, complete as after parsing; None where there is no such file."""
    if not parsed.is_file():
        return None
    from dbt.contracts.graph.manifest import Manifest

    class ParsedManifest(Manifest):
        def write(self, path: str) -> None:
            """Leaves it where it was read: to write it after every run takes as long as a dozen models."""

    manifest = ParsedManifest.from_msgpack(parsed.read_bytes())
    manifest.build_parent_and_child_maps()
    manifest.build_flat_graph()
    return manifest


def main(arguments: Sequence[str]) -> None:
    """Runs dbt with these arguments; ends with dbt's exit code."""
    parent = int(os.environ["METRICS_PARENT_PROCESS"])
    if os.getppid() != parent:
        os._exit(PARENT_GONE)
    threading.Thread(target=watch_parent, args=(parent,), daemon=True).start()
    # Nothing of what is imported and read becomes garbage: to look for it takes a quarter of the start.
    gc.disable()
    from dbt.cli.main import cli  # after the watch has begun: this import takes seconds

    parsed = os.environ.get("METRICS_DBT_MANIFEST")
    manifest = read_manifest(Path(parsed)) if parsed else None
    gc.freeze()
    gc.enable()
    cli(list(arguments), obj={"manifest": manifest})


if __name__ == "__main__":
    main(sys.argv[1:])
