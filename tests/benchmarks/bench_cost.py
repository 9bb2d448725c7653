"""Twenty million FOCUS charges over twelve billing periods: loaded, allocated, and one period delivered again.

Run by name: ``python tests/benchmarks/bench_cost.py [--rows 20000000] [--format parquet] [--folder DIR]``. Every
step is a process of its own, as in a run, on two threads: loading, then dbt with the cost models, their
reconciliation and its tests. Four runs are timed: next to nothing in a home of its own (the fixed cost of a run),
everything, one period delivered again, and a full refresh, whose marts must equal those of the run before. Budgets:
no step takes more than 6 GiB, and the period delivered again costs at most 1.5 × a twelfth of everything plus the
fixed cost.
"""

# ruff: noqa: E501  SQL and figures are easier to read unbroken

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

ROWS, PERIODS, YEAR = 20_000_000, 12, 2025
MAX_BYTES, MAX_SHARE = 6 * 1024**3, 1.5
AGAIN = 7  # the month that is delivered again, with a tenth of its charges gone
THREADS = "2"
SELECTED = (
    "+kpi_cloud_cost_per_customer_records",
    "+mart_cost_reconciliation",
    "+mart_cloud_cost_per_customer",
    "+fct_cloud_cost_daily",
    "+fct_spend_vs_budget",
    "path:tests/cost",
)
MARTS = ("fct_cloud_cost_daily", "mart_cloud_cost_per_customer", "mart_cost_reconciliation")


def charges(month: int, first: int, count: int, resources: int) -> str:
    """SQL of one billing period: ``resources`` resources, each of one service and of a customer, a pool or nobody.

    Decimals have 11 digits after the point, hours are charged one by one, one charge in 200 is tax or credit.
    """
    begin = f"timestamp '{YEAR}-{month:02d}-01'"
    return f"""
        select
            cast(i * 7919 % 10000019 as decimal(20, 11)) / 100000000 as "BilledCost",
            cast(i * 7907 % 10000019 as decimal(20, 11)) / 100000000 as "EffectiveCost",
            cast(i * 7919 % 10000019 as decimal(20, 11)) / 90000000 as "ListCost",
            cast(i * 7919 % 10000019 as decimal(20, 11)) / 95000000 as "ContractedCost",
            'Amazon Web Services, Inc.' as "InvoiceIssuerName",
            '1234567890' || r % 3 as "BillingAccountId", 'USD' as "BillingCurrency",
            {begin} as "BillingPeriodStart", {begin} + interval 1 month as "BillingPeriodEnd",
            {begin} + to_hours(cast(i % hours as integer)) as "ChargePeriodStart",
            {begin} + to_hours(cast(i % hours + 1 as integer)) as "ChargePeriodEnd",
            case i % 200 when 0 then 'Tax' when 1 then 'Credit' else 'Usage' end as "ChargeCategory",
            cast(null as varchar) as "ChargeClass", 'Hour ' || i % hours || ' of resource' as "ChargeDescription",
            'Usage-Based' as "ChargeFrequency", 'AWS' as "ProviderName",
            'Amazon Web Services, Inc.' as "PublisherName", 'us-west-' || r % 4 as "RegionId",
            'arn:aws:ec2:us-west-2:4103:instance/i-' || r as "ResourceId", 'node-' || r as "ResourceName",
            'Compute' as "ServiceCategory", 'Service ' || r % 25 as "ServiceName", 'SKU' || i % 400 as "SkuId",
            '51738' || r % 45 as "SubAccountId", i % 90 as "ConsumedQuantity", 'Hours' as "ConsumedUnit",
            case r % 10
                when 9 then '{{"service": "service-' || r % 45 || '"}}'
                when 8 then '{{"service": "service-' || r % 45 || '", "pool": "compute"}}'
                when 7 then '{{"service": "service-' || r % 45 || '", "pool": "storage"}}'
                else '{{"service": "service-' || r % 45 || '", "customer": "c-' || r % 300 || '"}}'
            end as "Tags",
            'INV-{YEAR}-{month:02d}' as "InvoiceId"
        from (
            select
                i, hash(i) % {resources} as r,
                date_diff('hour', {begin}, {begin} + interval 1 month) as hours
            from range({first}, {first + count}) as numbers (i)
        )"""


def land(home: Path, rows: int, form: str, *, again: bool = False) -> int:
    """Write the bills (or the one delivered again) and the usage that pools are split by; the bytes landed."""
    import duckdb

    con = duckdb.connect()
    con.execute(f"set threads = {THREADS}")
    size, count = 0, rows // PERIODS
    for month in [AGAIN] if again else range(1, PERIODS + 1):
        folder = (
            home
            / "landing"
            / "focus"
            / "charges"
            / (f"{YEAR + 1}-02-01" if again else f"{YEAR + 1}-01-{month:02d}")
        )
        folder.mkdir(parents=True)
        file = folder / f"charges-{month:02d}.{form}"
        picked = charges(month, month * rows, count - (count // 10 if again else 0), max(rows // 4000, 300))
        options = "format parquet, compression zstd" if form == "parquet" else "format csv, header"
        con.execute(f"copy ({picked}) to '{file}' ({options})")
        size += file.stat().st_size
    if not again:
        for table, header, columns in (
            ("customer_activity", "customer_id,month,is_active,transactions", "'c-' || c, m, true, 1000 + c"),
            (
                "drivers",
                "month,pool_id,driver,customer_id,amount",
                "m, 'compute', 'requests', 'c-' || c, 1 + c % 17",
            ),
        ):
            folder = home / "landing" / "usage" / table / f"{YEAR + 1}-01-01"
            folder.mkdir(parents=True)
            names = header.replace(",", '", "')
            con.execute(
                f"""
                copy (
                    select * from (
                        select {columns}
                        from
                            range(300) as customers (c),
                            (select strftime(make_date({YEAR}, cast(n as integer), 1), '%Y-%m') from range(1, 13) as t (n))
                                as months (m)
                    ) as filled ("{names}")
                ) to '{folder / table}.csv' (format csv, header)
                """
            )
    return size


def load(home: Path) -> dict[str, float]:
    """Load what is new of bills and usage; the seconds of each."""
    from orchestration.home import DataHome
    from orchestration.loading.contract import read_contracts
    from orchestration.loading.load import ensure_tables, load_system
    from orchestration.loading.warehouse import open_warehouse

    contracts, seconds = read_contracts(ROOT / "dbt_project"), {}
    with open_warehouse(DataHome(home), "benchmark") as con:
        ensure_tables(con, contracts)
        for system in ("focus", "usage"):
            started = time.monotonic()
            failed = [o for o in load_system(con, DataHome(home), contracts[system]) if o.status != "loaded"]
            assert not failed, failed
            seconds[f"load {system}"] = time.monotonic() - started
    return seconds


def build(home: Path, *, full: bool) -> dict[str, float]:
    """Build the cost models and their tests with dbt; the seconds of each node."""
    from dbt.cli.main import dbtRunner

    os.chdir(ROOT / "dbt_project")
    arguments = ["build", "--quiet", "--select", *SELECTED, "--exclude-resource-type", "unit_test"]
    arguments += [
        "--indirect-selection",
        "empty",
        "--target-path",
        str(home / "target"),
        "--threads",
        THREADS,
    ]
    arguments += ["--log-path", str(home / "logs"), "--vars", json.dumps({"as_of_date": f"{YEAR + 1}-01-31"})]
    done = dbtRunner().invoke([*arguments, *(["--full-refresh"] if full else [])])
    if not done.success:
        raise SystemExit(f"dbt failed: {done.exception or [r.message for r in done.result if r.message]}")
    return {result.node.name: result.execution_time for result in done.result}  # type: ignore[union-attr]


def fingerprints(home: Path) -> dict[str, str]:
    """Per mart its rows and a hash over them that does not know their order."""
    import duckdb

    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as con:
        return {
            mart: str(con.execute(f"select count(*), sum(hash(m)) from marts.{mart} as m").fetchone())
            for mart in MARTS
        }


def measure(side: str, home: Path) -> dict[str, Any]:
    """Seconds, peak memory and slowest parts of one step, in a process of its own."""
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, __file__, "--side", side, "--home", str(home)],
        env={**os.environ, "METRICS_HOME": str(home), "METRICS_DBT_THREADS": THREADS},
        stdout=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(done.stdout[-4000:])
    told = json.loads(done.stdout.splitlines()[-1])
    told["seconds"] = time.monotonic() - started
    slowest = sorted(told["parts"].items(), key=lambda part: -part[1])[:6]
    print(
        f"  {side}: {told['seconds']:.1f} s, processor {told['cpu']:.1f} s, memory {told['peak'] / 1e9:.2f} GB; slowest: "
        + ", ".join(f"{name} {seconds:.1f}" for name, seconds in slowest),
        flush=True,
    )
    return told


def run(title: str, home: Path, *, full: bool = False) -> tuple[float, float, float]:
    """One run: load and build; its seconds, its processor seconds and its peak memory."""
    print(title, flush=True)
    steps = [measure("load", home), measure("refresh" if full else "build", home)]
    return sum(s["seconds"] for s in steps), sum(s["cpu"] for s in steps), max(s["peak"] for s in steps)


def main() -> int:
    """Print the figures; 1 where a budget is exceeded or the incremental marts differ from the full ones."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--format", choices=["parquet", "csv"], default="parquet")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--side", choices=["load", "build", "refresh"])
    parser.add_argument("--home", type=Path)
    given = parser.parse_args()
    if given.side:
        parts = load(given.home) if given.side == "load" else build(given.home, full=given.side == "refresh")
        usage = resource.getrusage(resource.RUSAGE_SELF)
        peak = usage.ru_maxrss * (1024 if sys.platform == "linux" else 1)
        print(json.dumps({"peak": peak, "cpu": usage.ru_utime + usage.ru_stime, "parts": parts}))
        return 0
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        small, home = Path(folder) / "small", Path(folder) / "whole"
        land(small, PERIODS, given.format)
        fixed = run("next to nothing", small)
        size = land(home, given.rows, given.format)
        print(
            f"{given.rows:,} charges of {PERIODS} periods, {size / 1e9:.2f} GB of {given.format}", flush=True
        )
        everything = run("everything", home)
        land(home, given.rows, given.format, again=True)
        again = run(f"{YEAR}-{AGAIN:02d} delivered again", home)
        incremental = fingerprints(home)
        refreshed = run("full refresh", home, full=True)
        same = fingerprints(home) == incremental
    peak = max(everything[2], fixed[2], again[2], refreshed[2])
    exceeded = False
    for unit, position in (("s", 0), ("s of processor", 1)):
        budget = MAX_SHARE * everything[position] / PERIODS + fixed[position]
        print(
            f"everything {everything[position]:.1f} {unit}, next to nothing {fixed[position]:.1f}, one period again"
            f" {again[position]:.1f} (at most {MAX_SHARE} × a twelfth + next to nothing = {budget:.1f})"
        )
        exceeded |= position == 0 and again[position] > budget
    print(
        f"memory {peak / 1e9:.2f} GB (at most {MAX_BYTES / 1e9:.2f}); marts as after a full refresh: {same}"
    )
    return int(exceeded or peak > MAX_BYTES or not same)


if __name__ == "__main__":
    sys.exit(main())
