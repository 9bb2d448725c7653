"""Loading a million workflow runs and three million FOCUS rows, against DuckDB's own reading of the same files.

Run by name: ``python tests/benchmarks/bench_loading.py [--scale 1.0] [--folder DIR]``. Both sides run in
processes of their own, one after the other, on the same files and into DuckDB files with the same memory limit;
the ratio of the times and the difference of the peak memory are what counts, not the times. DuckDB's own side is
``create table as select`` with the contract's types and none of the loader's duties (hashing, checking every
value, finding duplicates, ledger). Processor seconds stand beside the times, for a machine that is not quiet, and
below them the loader's steps.
"""

# ruff: noqa: E501  the templates of records are easier to compare with real ones unbroken

from __future__ import annotations

import argparse
import functools
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

RUNS, CHARGES = 1_000_000, 3_000_000
MAX_RATIO, MAX_EXTRA_BYTES = 2.0, 2 * 1024**3
MEMORY_LIMIT = "4GB"
# The loader's steps in ``loading.batch``, with the wall and processor seconds that each took.
STEPS = dict.fromkeys(
    ("stage_files", "count_batch", "settle", "insert_rows", "record_rejects", "record_drift", "record_batch"),
    (0.0, 0.0),
)
CASES = {"workflow_runs": ("github", "runs.jsonl"), "charges": ("focus", "charges.csv")}


def run_lines(count: int) -> Iterator[str]:
    """Workflow runs as the GitHub API tells them, about 2.5 KB each."""
    api, site = "https://api.github.com", "https://github.com"

    def account(login: str, number: int) -> dict[str, Any]:
        return {
            "login": login, "id": number, "node_id": f"MDQ6VXNlcjE{number}", "gravatar_id": "",
            "avatar_url": f"https://avatars.githubusercontent.com/u/{number}?v=4", "url": f"{api}/users/{login}",
            "html_url": f"{site}/{login}", "followers_url": f"{api}/users/{login}/followers",
            "type": "User", "site_admin": False,
        }  # fmt: skip

    for i in range(count):
        repository, run, engineer = f"acme/service-{i % 45}", 5_000_000_000 + i, f"engineer-{i % 240}"
        day = f"2026-{i % 12 + 1:02d}-{i % 28 + 1:02d}T{i % 24:02d}:{i % 60:02d}"
        url = f"{api}/repos/{repository}/actions/runs/{run}"
        repo = {
            "id": i % 45, "node_id": f"R_{i % 45}", "name": repository.split("/")[1], "full_name": repository,
            "private": True, "html_url": f"{site}/{repository}", "fork": False, "url": f"{api}/repos/{repository}",
            "description": "A service of the shop, with its pipeline, its tests and what it needs to be run",
        }  # fmt: skip
        yield json.dumps(
            {
                "id": run, "name": "CI", "node_id": f"WFR_{run}", "head_branch": f"feature/{i % 997}",
                "head_sha": f"{i * 2654435761 % 2**64:016x}{i:024x}", "path": ".github/workflows/ci.yml",
                "display_title": f"Change {i} of what the customer sees, and the tests for it", "run_number": i,
                "event": "push" if i % 3 else "pull_request", "status": "completed",
                "conclusion": "failure" if i % 9 == 0 else "success", "workflow_id": i % 90,
                "check_suite_id": run + 1, "check_suite_node_id": f"CS_{run}", "url": url,
                "html_url": f"{site}/{repository}/actions/runs/{run}", "pull_requests": [],
                "created_at": f"{day}:09Z", "updated_at": f"{day}:59Z", "run_started_at": f"{day}:10Z",
                "run_attempt": 1, "referenced_workflows": [], "actor": account(engineer, i % 240),
                "triggering_actor": account(engineer, i % 240), "jobs_url": f"{url}/jobs",
                "logs_url": f"{url}/logs", "check_suite_url": f"{api}/repos/{repository}/check-suites/{run + 1}",
                "artifacts_url": f"{url}/artifacts", "cancel_url": f"{url}/cancel", "rerun_url": f"{url}/rerun",
                "previous_attempt_url": None, "workflow_url": f"{api}/repos/{repository}/actions/workflows/7",
                "head_commit": {
                    "id": f"{i:040x}", "tree_id": f"{i + 1:040x}", "timestamp": f"{day}:00Z",
                    "message": f"Change {i}\n\nWhat it does and \"why\", in a line or two that nobody cut.",
                    "author": {"name": engineer, "email": f"{engineer}@acme.example"},
                    "committer": {"name": "GitHub", "email": "noreply@github.com"},
                },
                "repository": repo, "head_repository": repo,
            }
        )  # fmt: skip


def charge_lines(count: int) -> Iterator[str]:
    """FOCUS 1.0 rows of 45 columns with the decimals, instants and tags that AWS delivers."""
    yield (
        "AvailabilityZone,BilledCost,BillingAccountId,BillingAccountName,BillingCurrency,BillingPeriodEnd,"
        "BillingPeriodStart,ChargeCategory,ChargeClass,ChargeDescription,ChargeFrequency,ChargePeriodEnd,"
        "ChargePeriodStart,CommitmentDiscountCategory,CommitmentDiscountId,CommitmentDiscountName,"
        "CommitmentDiscountStatus,CommitmentDiscountType,ConsumedQuantity,ConsumedUnit,ContractedCost,"
        "ContractedUnitPrice,EffectiveCost,InvoiceIssuerName,ListCost,ListUnitPrice,PricingCategory,"
        "PricingQuantity,PricingUnit,ProviderName,PublisherName,RegionId,RegionName,ResourceId,ResourceName,"
        "ResourceType,ServiceCategory,ServiceName,SkuId,SkuPriceId,SubAccountId,SubAccountName,Tags,InvoiceId,"
        "BillingAccountType"
    )
    for i in range(count):
        day, hour, cents = i % 28 + 1, i % 23, i * 7919 % 10_000_019
        tags = f'"{{""service"": ""service-{i % 45}"", ""team"": ""team-{i % 12}"", ""customer"": ""c{i % 300}""}}"'
        yield (
            f"us-west-2{'abc'[i % 3]},{i % 7}.{cents:011d},123456789012,Acme,USD,2026-10-01T00:00:00Z,"
            f'2026-09-01T00:00:00Z,Usage,,"$0.008 per used capacity unit-hour, or part of it, number {i % 500}",'
            f"Usage-Based,2026-09-{day:02d}T{hour + 1:02d}:00:00Z,2026-09-{day:02d}T{hour:02d}:00:00Z,,,,,,"
            f"{i % 90}.{i % 1000:03d}000000000000,Hours,{i % 5}.{cents:011d},0.00800000000,{i % 6}.{cents:011d},"
            f'"Amazon Web Services, Inc.",{i % 7}.{cents:011d},0.008,Standard,{i % 90}.{i % 1000:03d},Hours,AWS,'
            f'"Amazon Web Services, Inc.",us-west-2,US West (Oregon),arn:aws:ec2:us-west-2:4103:instance/i-{i % 9999},'
            f"node-{i % 9999},Instance,Compute,Amazon Elastic Compute Cloud,SKU{i % 400},SKU{i % 400}.PRICE,"
            f"51738{i % 45:03d},service-{i % 45},{tags},INV-2026-09,Payer"
        )


def write_lines(path: Path, lines: Iterator[str]) -> None:
    """Write the lines, each ended by a line feed."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(line + "\n" for line in lines)


def load_with_duckdb(table_name: str, file: Path, home: Path) -> int:
    """``create table as select`` of the contract's columns; the number of rows."""
    import duckdb

    from orchestration.loading.contract import read_contracts

    table = read_contracts(ROOT / "dbt_project")[CASES[table_name][0]].tables[table_name]
    home.mkdir(parents=True)
    con = duckdb.connect(str(home / "warehouse.duckdb"))
    con.execute(f"set TimeZone = 'UTC'; set memory_limit = '{MEMORY_LIMIT}'")
    types = {column.name: column.data_type.upper().replace("STRING", "VARCHAR") for column in table.stored}
    if file.suffix == ".csv":
        header = file.open().readline().strip().split(",")
        by_header = {h.lower(): types[c.name] for c in table.stored for h in c.headers}
        columns = {name: by_header.get(name.lower(), "VARCHAR") for name in header}
        con.execute(
            "create table t as select * from read_csv($file, header = true, columns = $columns, nullstr = ['', 'NULL'])",
            {"file": str(file), "columns": columns},
        )
    else:
        tree: dict[str, Any] = {}
        picked = []
        for column in table.stored:
            parts = column.paths[0].split(".")
            branch = tree
            for part in parts[:-1]:
                branch = branch.setdefault(part, {})
            branch[parts[-1]] = types[column.name]
            picked.append(".".join(f'"{part}"' for part in parts) + f' as "{column.name}"')
        columns = {name: _struct(leaf) for name, leaf in tree.items()}
        con.execute(
            f"create table t as select {', '.join(picked)}"
            " from read_json($file, format = 'newline_delimited', columns = $columns)",
            {"file": str(file), "columns": columns},
        )
    count = con.execute("select count(*) from t").fetchone()
    con.close()
    return int(count[0]) if count else 0


def _struct(leaf: Any) -> str:
    if isinstance(leaf, str):
        return leaf
    return "STRUCT(" + ", ".join(f'"{name}" {_struct(inner)}' for name, inner in leaf.items()) + ")"


def load_with_loader(table_name: str, file: Path, root: Path) -> int:
    """The whole loader on a home in which only this file has landed; the number of rows loaded."""
    from orchestration.home import DataHome
    from orchestration.loading import batch
    from orchestration.loading.contract import read_contracts
    from orchestration.loading.load import ensure_tables, load_system
    from orchestration.loading.warehouse import open_warehouse

    home = DataHome(root)
    system = CASES[table_name][0]
    folder = home.landing / system / table_name / "2026-10-03"
    folder.mkdir(parents=True)
    (folder / file.name).hardlink_to(file)
    contracts = read_contracts(ROOT / "dbt_project")
    for name in STEPS:
        setattr(batch, name, _timed(getattr(batch, name)))
    with open_warehouse(home, "benchmark", memory_limit=MEMORY_LIMIT) as con:
        ensure_tables(con, contracts)
        outcomes = load_system(
            con, home, contracts[system], environ={"METRICS_PSEUDONYM_KEY": "a key for benchmarks"}
        )
        return sum(outcome.rows_loaded for outcome in outcomes)


def _timed(step: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(step)
    def run(*arguments: Any) -> Any:
        wall, cpu = time.monotonic(), time.process_time()
        try:
            return step(*arguments)
        finally:
            before = STEPS[step.__name__]
            STEPS[step.__name__] = (
                before[0] + time.monotonic() - wall,
                before[1] + time.process_time() - cpu,
            )

    return run


def measure(side: str, table_name: str, file: Path, home: Path) -> dict[str, Any]:
    """Time (s), peak memory (bytes) and rows of one side, in a process of its own."""
    command = [
        sys.executable,
        __file__,
        "--side",
        side,
        "--case",
        table_name,
        "--file",
        str(file),
        "--home",
        str(home),
    ]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> int:
    """Print the ratios; 1 where a budget is exceeded."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--side", choices=["duckdb", "loader"])
    parser.add_argument("--case", choices=list(CASES))
    parser.add_argument("--file", type=Path)
    parser.add_argument("--home", type=Path)
    given = parser.parse_args()
    if given.side:
        started = time.monotonic()
        side = load_with_duckdb if given.side == "duckdb" else load_with_loader
        rows = side(given.case, given.file, given.home)
        seconds = time.monotonic() - started
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1024 if sys.platform == "linux" else 1)
        usage = resource.getrusage(resource.RUSAGE_SELF)
        print(
            json.dumps(
                {
                    "rows": rows,
                    "seconds": seconds,
                    "peak": peak,
                    "cpu": usage.ru_utime + usage.ru_stime,
                    "steps": STEPS,
                }
            )
        )
        return 0
    exceeded = False
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        for name, (_, file_name) in CASES.items():
            if given.case not in (None, name):
                continue
            file = Path(folder) / file_name
            lines = run_lines if name == "workflow_runs" else charge_lines
            write_lines(file, lines(int((RUNS if name == "workflow_runs" else CHARGES) * given.scale)))
            own = measure("duckdb", name, file, Path(folder) / f"{name}.duckdb")
            loader = measure("loader", name, file, Path(folder) / f"{name}.loader")
            ratio, extra = loader["seconds"] / own["seconds"], loader["peak"] - own["peak"]
            print(
                f"{name}: {loader['rows']:,} rows of {file.stat().st_size / 1e9:.2f} GB; DuckDB {own['seconds']:.1f} s,"
                f" loader {loader['seconds']:.1f} s: ratio {ratio:.2f} (at most {MAX_RATIO});"
                f" memory {own['peak'] / 1e9:.2f} and {loader['peak'] / 1e9:.2f} GB: {extra / 1e9:+.2f}"
                f" (at most {MAX_EXTRA_BYTES / 1e9:.2f}); processor {own['cpu']:.1f} and {loader['cpu']:.1f} s",
                flush=True,
            )
            for step, (wall, cpu) in loader["steps"].items():
                print(f"    {step}: {wall:.2f} s, processor {cpu:.2f} s", flush=True)
            exceeded |= ratio > MAX_RATIO or extra > MAX_EXTRA_BYTES or loader["rows"] != own["rows"]
            file.unlink()
    return int(exceeded)


if __name__ == "__main__":
    sys.exit(main())
