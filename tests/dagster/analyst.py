"""An analyst's loop: opens what is published, reads it, closes it, until told to stop.

``python analyst.py <data home>``; ends at the end of its input, prints as JSON what it saw, and ends with 1
at anything that is missing once it was there, cannot be opened, or mixes two publications.
"""

from __future__ import annotations

import json
import select
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import duckdb  # noqa: E402

from orchestration.home import DataHome  # noqa: E402  the project is not an installed package
from orchestration.loading.identifiers import quote  # noqa: E402
from orchestration.publishing.marts import FILE_SCHEMA, PEOPLE_SCHEMA, SCHEMA, Mart, read_marts  # noqa: E402
from orchestration.publishing.parquet import parquet_path  # noqa: E402
from orchestration.publishing.published import people_snapshot_path, snapshot_path  # noqa: E402
from orchestration.publishing.verification import read_table_content  # noqa: E402

READ = ("fct_deployments", "fct_incidents", "mart_dora")
PAUSE_SECONDS = 0.05


def read_run(path: Path, marts: list[Mart], known_states: dict[Path, tuple[int, int, int]]) -> str:
    """The run that published the file; ends the process where its tables are not that run's."""
    found = path.stat()
    state = (found.st_ino, found.st_size, found.st_mtime_ns)
    with duckdb.connect(path, read_only=True) as con:
        runs = con.execute("select distinct run_id from meta_publication").fetchall()
        stated = {
            name: (rows, checksum)
            for name, rows, checksum in con.execute(
                "select table_name, row_count, checksum from meta_publication"
            ).fetchall()
        }
        # The very file whose content was summed up before says no more than that it can be opened.
        for mart in marts if known_states.get(path) != state else ():
            (rows,) = con.execute(f"select count(*) from {quote(FILE_SCHEMA, mart.name)}").fetchone() or (-1,)
            if rows != stated[mart.name][0]:
                sys.exit(f"half a publication: {mart.name} has {rows} rows, not {stated[mart.name][0]}")
            content = read_table_content(con, quote(FILE_SCHEMA, mart.name), mart)
            if (content.rows, content.checksum) != stated[mart.name]:
                sys.exit(f"half a publication: {mart.name} is {content}, {stated[mart.name]} is stated")
    if len(runs) != 1:
        sys.exit(f"{path.name} is of {len(runs)} runs")
    known_states[path] = state
    return str(runs[0][0])


def main(home: DataHome) -> None:
    """Reads until its input ends."""
    (manifest,) = home.root.glob("dbt/manifests/*/manifest.json")
    known = json.loads(manifest.read_bytes())
    files = {
        snapshot_path(home): [mart for mart in read_marts(known, SCHEMA) if mart.name in READ],
        people_snapshot_path(home): list(read_marts(known, PEOPLE_SCHEMA)),
    }
    seen: dict[Path, list[str]] = {path: [] for path in files}
    known_states: dict[Path, tuple[int, int, int]] = {}
    reads = 0
    stopping = False
    print("reading", flush=True)
    while not stopping:
        stopping = bool(select.select([sys.stdin], [], [], PAUSE_SECONDS)[0])  # then one more look
        for path, marts in files.items():
            if not path.exists() and not seen[path]:
                continue  # before the first publication
            run = read_run(path, marts, known_states)
            reads += 1
            if run in seen[path][:-1]:
                sys.exit(f"{path.name} went back to run {run}")
            if run not in seen[path]:
                seen[path].append(run)
        for name in READ:
            if parquet_path(home, name).exists():
                duckdb.execute("select count(*) from read_parquet(?)", [str(parquet_path(home, name))])
    print(json.dumps({"reads": reads, "runs": seen[snapshot_path(home)]}), flush=True)


if __name__ == "__main__":
    main(DataHome(Path(sys.argv[1])))
