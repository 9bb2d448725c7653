"""Hand-written exports of the scanners: order of loading, history, catalogues in full, personal texts."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.home import DataHome
from tests.dbt.project import load_everything, run_dbt

SECRET = "call Jane Roe on 555-0199"
SELECTED = ("--select", "+fct_vulnerabilities", "--exclude-resource-types", "unit_test", "test")


def alert(number: int, state: str, updated: str, **more: Any) -> dict[str, Any]:
    """A Dependabot alert as REST tells it, detected on 1 January 2026."""
    return {
        "number": number,
        "state": state,
        "dependency": {"package": {"ecosystem": "npm", "name": "left-pad"}, "manifest_path": "package.json"},
        "security_advisory": {"ghsa_id": "GHSA-x", "cve_id": f"CVE-2026-{number:04d}", "severity": "high"},
        "security_vulnerability": {"severity": "high"},
        "url": f"https://api.github.com/repos/Acme/Shop/dependabot/alerts/{number}",
        "created_at": "2026-01-01T08:00:00Z",
        "updated_at": updated,
        "dismissed_by": {"login": "jane-roe"} if state == "dismissed" else None,
        "dismissed_comment": SECRET,
        **more,
    }


def put(home: DataHome, path: str, body: object) -> None:
    target = home.landing / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(body if isinstance(body, str) else json.dumps(body))


def build(home: DataHome) -> duckdb.DuckDBPyConnection:
    load_everything(home)
    run_dbt(home, "build", *SELECTED, "--vars", json.dumps({"as_of_date": "2026-06-30"}))
    return duckdb.connect(str(home.warehouse), read_only=True)


TELLINGS = {
    "open": [alert(1, "open", "2026-01-01T08:00:00Z")],
    "fixed": [alert(1, "fixed", "2026-01-10T08:00:00Z", fixed_at="2026-01-10T08:00:00Z")],
    "webhook": {
        "action": "reintroduced",
        "alert": alert(1, "open", "2026-02-20T08:00:00Z"),
        "repository": {"full_name": "Acme/Shop"},
        "sender": {"login": "jane-roe"},
    },
    "again": [alert(1, "fixed", "2026-03-01T08:00:00Z", fixed_at="2026-03-01T08:00:00Z")],
}


@pytest.mark.parametrize("order", [list(TELLINGS), list(reversed(TELLINGS))])
def test_a_reopened_alert_keeps_its_first_date_in_whatever_order_its_tellings_come(
    tmp_path: Path, order: list[str]
) -> None:
    """REST keeps only the latest fixed_at: what was pulled in between, and the webhook, are the history."""
    home = DataHome(tmp_path / "data")
    for name in order:
        put(home, f"dependabot/alerts/{name}.json", TELLINGS[name])
        load_everything(home)
    with build(home) as con:
        row = con.execute(
            "select first_detected_date, remediated_date, due_date, reopening_count, is_remediated_in_time, "
            "cast(last_reopened_at as date) from marts.fct_vulnerabilities"
        ).fetchall()
        history = con.execute(
            "select state, cast(valid_from as date) from intermediate.int_vulnerability_states "
            "order by state_number"
        ).fetchall()
    assert row == [
        (date(2026, 1, 1), date(2026, 3, 1), date(2026, 1, 31), 1, False, date(2026, 2, 20)),
    ]
    assert history == [
        ("open", date(2026, 1, 1)), ("fixed", date(2026, 1, 10)), ("open", date(2026, 2, 20)),
        ("fixed", date(2026, 3, 1)),
    ]  # fmt: skip


KEV_CSV = """cveID,vendorProject,product,vulnerabilityName,dateAdded,shortDescription,requiredAction,dueDate,\
knownRansomwareCampaignUse,notes,cwes
CVE-2026-0001,npm,left-pad,Left-Pad,2025-12-01,"Hangs, badly",Update,2025-11-01,Known,,CWE-400
cve-2026-0002,npm,left-pad,Left-Pad,2026-03-01,Hangs,Update,2026-03-22,Unknown,,
"""


def test_the_newest_catalogue_of_exploited_ones_replaces_the_older_whole(tmp_path: Path) -> None:
    """CSV first, then a JSON edition that dropped one and has one due before it was listed."""
    home = DataHome(tmp_path / "data")
    put(
        home,
        "dependabot/alerts/acme/shop/alerts.json",
        [alert(n, "open", "2026-01-01T08:00:00Z") for n in (1, 2)],
    )
    put(home, "kev/vulnerabilities/2026-03-02/known_exploited_vulnerabilities.csv", KEV_CSV)
    asked = (
        "select cve_id, is_known_exploited, is_due_as_exploited, due_date from marts.fct_vulnerabilities "
        "order by cve_id"
    )
    with build(home) as con:
        assert con.execute(asked).fetchall() == [
            ("CVE-2026-0001", True, True, date(2026, 1, 15)),
            # Listed only when its month was over: the earlier date stands.
            ("CVE-2026-0002", True, False, date(2026, 1, 31)),
        ]
    edition = {"catalogVersion": "2026.04.01", "count": 1, "vulnerabilities": [
        {"cveID": "CVE-2026-0001", "dateAdded": "2025-12-01", "dueDate": "2025-11-01", "cwes": ["CWE-400"]},
    ]}  # fmt: skip
    put(home, "kev/vulnerabilities/2026-04-01/known_exploited_vulnerabilities.json", edition)
    with build(home) as con:
        assert [row[:2] for row in con.execute(asked).fetchall()] == [
            ("CVE-2026-0001", True),
            ("CVE-2026-0002", False),
        ]


def test_names_and_remarks_of_a_dismissal_are_nowhere_in_the_home(tmp_path: Path) -> None:
    home = DataHome(tmp_path / "data")
    dismissed = alert(
        1,
        "dismissed",
        "2026-02-01T08:00:00Z",
        dismissed_at="2026-02-01T08:00:00Z",
        dismissed_reason="no_bandwidth",
    )
    put(home, "dependabot/alerts/acme/shop/alerts.json", [dismissed])
    load_everything(home)
    with duckdb.connect(str(home.warehouse), read_only=True) as con:
        (dismissed_by,) = con.execute("select dismissed_by from raw_dependabot.alerts").fetchone() or ("",)
    assert dismissed_by.startswith("p_")
    kept = [path for path in home.root.rglob("*") if path.is_file() and home.landing not in path.parents]
    assert kept
    assert not [p for p in kept if b"jane-roe" in p.read_bytes() or SECRET.encode() in p.read_bytes()]
