"""``python -m orchestration <command>``: everything, from nothing but Python.

demo   generate a company, load it, build, check and publish the marts
daily  pull and load what is new, build what has changed, publish
report make the report's pages again, or one of another week, quarter or team
export write a published table or a query as CSV that is safe to open in a spreadsheet
spark  build the same models on Spark, from the raw tables exported as Parquet
bi     write the files that Looker, Power BI or Tableau opens
quack  serve the published marts to other DuckDBs, read-only (beta)
test   run the tests
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

from orchestration.bootstrap import PROJECT, enter_environment

USAGE = 2
# A file of tests builds its warehouse once, so it stays with one worker; each may take some GB of memory.
# Long files come first (tests/conftest.py): xdist by itself would start them last. `-n 0` is one process.
PARALLEL = ("-n", str(min(os.cpu_count() or 1, 4)), "--dist", "loadfile", "--no-loadscope-reorder")
# What a command needs beyond the runtime: the tests hold Spark against DuckDB, and PostgreSQL too.
NEEDED: dict[str, tuple[str, ...]] = {
    "demo": (),
    "daily": (),
    "report": (),
    "export": (),
    "spark": ("pyspark",),
    "bi": (),
    "quack": ("duckdb_extension_quack",),
    "test": ("pytest", "pyspark", "psycopg", "dagster_postgres", "duckdb_extension_quack"),
}


def main(arguments: Sequence[str]) -> int:
    """Exit code of the command that ``arguments`` name."""
    command = arguments[0] if arguments else ""
    if command not in NEEDED:
        print(__doc__, file=sys.stdout if command in ("-h", "--help") else sys.stderr)
        return 0 if command in ("-h", "--help") else USAGE
    needed = NEEDED[command] + (("psycopg",) if os.environ.get("METRICS_POSTGRES_DSN") else ())
    enter_environment(arguments, needed)
    # Imported late: before this line, nothing but the standard library need be there.
    if command == "test":
        return subprocess.call([sys.executable, "-m", "pytest", *PARALLEL, *arguments[1:]], cwd=PROJECT)
    if command == "report":
        from orchestration.report.command import run as make_report

        return make_report(arguments[1:])
    if command == "export":
        from orchestration.publishing.spreadsheet import main as export

        return export(arguments[1:], os.environ)
    if command == "spark":
        from orchestration.spark import run

        return run(arguments[1:])
    if command == "bi":
        from orchestration.bi.command import run as write_bi

        return write_bi(arguments[1:])
    if command == "quack":
        from orchestration.quack import main as serve

        return serve(arguments[1:], os.environ)
    from orchestration.runs import run as run_job

    return run_job(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
