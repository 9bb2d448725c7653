"""The files of the generated company: the same bytes each time, in forms that hold what the truth says."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import os
import subprocess
import sys
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
import yaml
import zstandard

from orchestration.company import generate
from orchestration.company.plan import Plan
from tests.company.conftest import Company
from tests.conftest import COMPANY

ROOT = Path(__file__).parents[2]


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def text_of(path: Path) -> str:
    content = path.read_bytes()
    if path.suffix == ".gz":
        content = gzip.decompress(content)
    elif path.suffix == ".zst":
        content = zstandard.ZstdDecompressor().decompress(content)
    return content.decode("utf-8-sig")


def test_the_same_seed_gives_the_same_bytes_in_another_process(company: Company, tmp_path: Path):
    """A set or a dict in the order of its hashes would show: the other process hashes texts differently."""
    command = [sys.executable, "-m", "orchestration.company", "--out", str(tmp_path / "landing")]
    command += ["--truth", str(tmp_path / "truth")]
    command += [f"--{name}={COMPANY[name]}" for name in ("seed", "scale", "months")]
    environment = {**os.environ, "PYTHONHASHSEED": "4242", "TZ": "Pacific/Auckland"}
    subprocess.run(command, check=True, cwd=ROOT, env=environment)
    assert digests(tmp_path / "landing") == digests(company.landing)
    assert digests(tmp_path / "truth") == digests(company.truth_folder)


def test_another_seed_gives_another_company(company: Company, tmp_path: Path):
    generate(tmp_path / "landing", tmp_path / "truth", **{**COMPANY, "seed": 8})
    other, first = digests(tmp_path / "truth"), digests(company.truth_folder)
    assert other.keys() == first.keys()
    assert all(other[name] != first[name] for name in other)


def test_every_form_of_file_occurs(company: Company):
    endings = Counter("".join(path.suffixes[-2:]) for path in company.landing.rglob("*") if path.is_file())
    for ending in (
        ".json",
        ".json.gz",
        ".jsonl",
        ".jsonl.gz",
        ".jsonl.zst",
        ".csv",
        ".csv.gz",
        ".parquet",
        ".yaml",
    ):
        assert any(found.endswith(ending) for found in endings), f"no {ending} among {sorted(endings)}"


def test_lines_that_are_no_json_are_those_that_the_truth_names(company: Company):
    bad: Counter[str] = Counter()
    for path in company.landing.rglob("*.jsonl*"):
        for line in text_of(path).splitlines():
            try:
                json.loads(line)
            except ValueError:
                bad[".".join(path.relative_to(company.landing).parts[:2])] += 1
    assert bad == {"github.pull_request_commits": company.truth.bad_rows["github.pull_request_commits"]}


def test_documents_that_are_no_slo_are_those_that_the_truth_names(company: Company):
    kinds = Counter(
        document["kind"]
        for path in (company.landing / "prometheus" / "slo_definitions").rglob("*.yaml")
        for document in yaml.safe_load_all(path.read_text())
    )
    assert kinds.pop("SLO") > 10
    assert sum(kinds.values()) == company.truth.bad_rows["prometheus.slo_definitions"]


def github_records(company: Company, table: str) -> list[dict]:
    found = []
    for path in sorted((company.landing / "github" / table).rglob("*")):
        if not path.is_file():
            continue
        text = text_of(path)
        documents = [json.loads(text)] if path.suffix == ".json" else []
        if not documents:
            documents = [
                json.loads(line) for line in text.splitlines() if line.startswith("{") and line.endswith("}")
            ]
        for document in documents:
            members = document if isinstance(document, list) else document.get("items", [document])
            found.extend(members)
    return found


def test_every_deployed_commit_and_every_parent_is_among_the_commits(company: Company):
    commits = {record["sha"]: record for record in github_records(company, "commits")}
    deployed = [r for r in github_records(company, "deployments") if "sha" in r]
    assert len(deployed) > 500
    assert {record["sha"] for record in deployed} <= commits.keys()
    parents = {parent["sha"] for record in commits.values() for parent in record["parents"]}
    assert parents <= commits.keys()


def test_nothing_happens_after_the_last_day(company: Company):
    tomorrow = "2026-07-01"
    for table, member in (
        ("deployment_statuses", "created_at"),
        ("pull_requests", "updated_at"),
        ("commits", "sha"),
    ):
        for record in github_records(company, table):
            instant = record["commit"]["committer"]["date"] if member == "sha" else record.get(member, "")
            assert instant < tomorrow, (table, record)


def test_the_newest_bill_of_each_period_adds_up_to_its_invoices(company: Company):
    """Read back from the landed files alone: the CSV parts and the Parquet of each period's latest folder."""
    charges = company.landing / "focus" / "charges"
    told = {
        (row["issuer"], row["month"]): Decimal(row["billed"]) for row in company.truth.tables["cloud_cost"]
    }
    newest: dict[str, str] = {}
    for path in charges.rglob("*"):
        if path.name.startswith(("aws-2", "microsoft-2")):
            period = path.name.partition("-part")[0].removesuffix(".parquet")
            newest[period] = max(newest.get(period, ""), path.parent.name)
    totals: dict[tuple[str, str], Decimal] = {}
    for period, folder in newest.items():
        month = period[-7:]
        if period.startswith("aws"):
            for path in (charges / folder).glob(f"{period}-part-*.csv.gz"):
                for row in csv.DictReader(io.StringIO(text_of(path))):
                    key = (row["InvoiceIssuerName"], month)
                    totals[key] = totals.get(key, Decimal(0)) + Decimal(row["BilledCost"])
        else:
            query = "select InvoiceIssuerName, sum(BilledCost) from read_parquet(?) group by all"
            for issuer, billed in duckdb.execute(
                query, [str(charges / folder / f"{period}.parquet")]
            ).fetchall():
                totals[issuer, month] = billed
    assert totals == told
    invoices: dict[tuple[str, str], Decimal] = {}
    for path in (company.landing / "finance" / "invoice_totals").rglob("*.csv"):
        for row in csv.DictReader(io.StringIO(text_of(path))):
            key = (row["invoice_issuer"], row["billing_period_start"][:7])
            invoices[key] = invoices.get(key, Decimal(0)) + Decimal(row["total"])
    assert invoices == told


def test_personal_data_is_there_to_be_dropped(company: Company):
    """A privacy test that looks for marks which no file carries could not fail."""
    everything = "".join(
        text_of(path) for path in company.landing.rglob("*") if path.is_file() and path.suffix != ".parquet"
    )
    for canary in company.truth.canaries:
        assert canary in everything


def test_a_company_of_full_size_has_the_shape_that_is_promised():
    plan = Plan()
    assert (plan.team_count, plan.service_count, plan.engineer_count, plan.customer_count) == (
        12,
        45,
        240,
        300,
    )
    assert (plan.first_day, plan.last_day) == (date(2025, 1, 1), date(2026, 6, 30))


@pytest.mark.parametrize("wrong", [{"scale": 0}, {"scale": 21}, {"months": 7}, {"months": 61}])
def test_parameters_out_of_range_are_refused(tmp_path: Path, wrong: dict):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        generate(tmp_path / "landing", tmp_path / "truth", **wrong)


def test_the_truth_may_not_lie_where_it_would_be_loaded(tmp_path: Path):
    with pytest.raises(ValueError, match="must not lie in the landing folder"):
        generate(tmp_path, tmp_path / "truth")
    assert not any(tmp_path.iterdir())
