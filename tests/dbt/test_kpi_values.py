"""fct_kpi_values against the same figures reckoned record by record, and against itself on a second build."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from math import sqrt
from typing import Any

import duckdb
import pytest

from orchestration.home import DataHome

from .kpi_house import Row, build_kpis, rebuild_kpis

FIRST_DAY = date(2025, 1, 1)
LAST_DAY = date(2025, 10, 19)
INCIDENTS_THROUGH = date(2025, 8, 31)
QUIET_DAYS_OF_INCIDENTS = 14
SERVICES = [f"service-{number}" for number in range(6)]
Z = 1.959963984540054
# Successes, trials, and the 95 % score interval to four places: R. G. Newcombe, Two-sided confidence
# intervals for the single proportion, Statistics in Medicine 17 (1998), table I, method 3.
NEWCOMBE = ((81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611), (1, 29, 0.0061, 0.1718))
MEDIANS = {"lead_time_for_changes", "time_to_restore"}
Key = tuple[str, str, date, str, str]


def tables() -> dict[str, list[Row]]:
    """Services that change hands, changes on several services, records left out, none at all for days."""
    chance = random.Random(5)
    days = [FIRST_DAY + timedelta(days=n) for n in range((LAST_DAY - FIRST_DAY).days + 1)]
    ownership: list[Row] = []
    for number, service in enumerate(SERVICES[:-1]):
        moved = chance.choice(days)
        for start, end, team in (
            (date(2024, 1, 1), moved, f"team-{number % 3}"),
            (moved, date(9999, 12, 31), f"team-{(number + 1) % 3}"),
        ):
            ownership.append(
                {
                    "service_id": service,
                    "team_id": team,
                    "group_id": "north" if team == "team-0" else "south",
                    "tier": str(number % 4),
                    "valid_from": start,
                    "valid_to": end,
                }
            )
    found: dict[str, list[Row]] = defaultdict(list)
    found["int_service_ownership"] = ownership
    # The last service is in no catalogue, and one record comes after the last day that counts.
    for number in range(900):
        day = chance.choice(days) if number else LAST_DAY + timedelta(days=1)
        failed = int(chance.random() < 0.2)
        for kpi, numerator, denominator in (
            ("deployment_frequency", 1, 0),
            ("deployment_days", 1, 0),
            ("change_failure_rate", failed, 1),
        ):
            left_out = chance.random() < 0.1
            found[
                f"int_kpi_{'change_failure_rate' if denominator else 'deployment_frequency'}_records"
            ].append(
                {
                    "kpi_id": kpi,
                    "record_id": f"deployment {number}",
                    "event_date": day,
                    "service_id": chance.choice(SERVICES),
                    "numerator": 0 if left_out else numerator,
                    "denominator": 0 if left_out else denominator,
                    "exclusion_reason": chance.choice(["duplicate", "unmapped_environment"])
                    if left_out
                    else None,
                }
            )
    found["int_kpi_change_failure_rate_records"] += [
        {
            "kpi_id": "change_failure_rate",
            "record_id": f"{failed} of {trials}: {number}",
            "event_date": days[40],
            "service_id": f"newcombe-{trials}",
            "numerator": int(number < failed),
            "denominator": 1,
            "exclusion_reason": None,
        }
        for failed, trials, _, _ in NEWCOMBE
        for number in range(trials)
    ]
    for kpi, table in (
        ("lead_time_for_changes", "lead_time_for_changes"),
        ("time_to_restore", "time_to_restore"),
    ):
        for number in range(400):
            day, severity = chance.choice(days), chance.choice(["sev1", "sev3", "unmapped"])
            for service in chance.sample(SERVICES, chance.choice([1, 1, 1, 2, 3])):
                reason = chance.choice([None, None, None, "bot", "negative_span"])
                found[f"int_kpi_{table}_records"].append(
                    {
                        "kpi_id": kpi,
                        "record_id": f"{kpi} {number}",
                        "event_date": day,
                        "service_id": service,
                        "severity": severity if kpi == "time_to_restore" else None,
                        "measured": None if reason else chance.randrange(1, 100_000) / 600,
                        "exclusion_reason": reason,
                    }
                )
    return found


@dataclass
class Reckoned:
    """What the records of one segment and period add up to, each record once."""

    records: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))

    def total(self, column: str) -> float:
        return sum(max(row.get(column) or 0 for row in rows) for rows in self.records.values())

    def measured(self) -> list[float]:
        values = [
            [row["measured"] for row in rows if row.get("measured") is not None]
            for rows in self.records.values()
        ]
        return sorted(min(found) for found in values if found)

    def excluded(self) -> int:
        return sum(all(row["exclusion_reason"] for row in rows) for rows in self.records.values())

    def eligible(self) -> int:
        """Records that count, and those left out for another reason than being a bot's or a duplicate."""
        return sum(
            any(row["exclusion_reason"] not in ("bot", "duplicate") for row in rows)
            for rows in self.records.values()
        )


def percentile(values: list[float], fraction: float) -> float:
    place = fraction * (len(values) - 1)
    below = int(place)
    above = min(below + 1, len(values) - 1)
    return values[below] + (values[above] - values[below]) * (place - below)


def period_starts(day: date) -> dict[str, date]:
    return {
        "week": day - timedelta(days=day.weekday()),
        "month": day.replace(day=1),
        "quarter": day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1),
    }


def reckon(given: dict[str, list[Row]]) -> dict[Key, Reckoned]:
    found: dict[Key, Reckoned] = defaultdict(Reckoned)
    for name, rows in given.items():
        if not name.startswith("int_kpi_"):
            continue
        for row in rows:
            if row["event_date"] > LAST_DAY:
                continue
            owner = next(
                (
                    owned
                    for owned in given["int_service_ownership"]
                    if owned["service_id"] == row["service_id"]
                    and owned["valid_from"] <= row["event_date"] < owned["valid_to"]
                ),
                {"team_id": "unmapped", "group_id": "unmapped", "tier": "unmapped"},
            )
            segments = {
                "org": "org",
                "service": row["service_id"],
                "team": owner["team_id"],
                "group": owner["group_id"],
                "tier": owner["tier"],
                "severity": row.get("severity"),
            }
            for grain, start in period_starts(row["event_date"]).items():
                for segment_type, segment_id in segments.items():
                    if segment_id is not None:
                        key = (row["kpi_id"], grain, start, segment_type, segment_id)
                        found[key].records[row["record_id"]].append(row)
    return found


@pytest.fixture(scope="module")
def given() -> dict[str, list[Row]]:
    return tables()


@pytest.fixture(scope="module")
def home(given: dict[str, list[Row]], tmp_path_factory: pytest.TempPathFactory) -> DataHome:
    landed = {
        "github.deployments": LAST_DAY,
        "github.pull_requests": LAST_DAY,
        "pagerduty.incidents": INCIDENTS_THROUGH,
    }
    return build_kpis(tmp_path_factory.mktemp("values"), given, landed, LAST_DAY)


@pytest.fixture(scope="module")
def facts(home: DataHome) -> dict[Key, dict[str, Any]]:
    with duckdb.connect(str(home.warehouse), read_only=True) as con:
        cursor = con.execute("select * from marts.fct_kpi_values")
        names = [column[0] for column in cursor.description or ()]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return {
        (r["kpi_id"], r["period_grain"], r["period_start"], r["segment_type"], r["segment_id"]): r
        for r in rows
    }


def near(value: float) -> Any:
    return pytest.approx(value, rel=1e-9, abs=1e-9)


def test_every_figure_is_what_its_records_add_up_to(
    given: dict[str, list[Row]], facts: dict[Key, dict[str, Any]]
) -> None:
    reckoned = reckon(given)
    kpis = {row["kpi_id"] for name, rows in given.items() if name.startswith("int_kpi_") for row in rows}
    assert set(reckoned) <= set(facts)
    for key, fact in facts.items():
        if key[0] not in kpis:
            continue
        expected = reckoned.get(key, Reckoned())
        assert fact["excluded"] == expected.excluded(), key
        if key[0] in MEDIANS:
            values = expected.measured()
            assert fact["sample_size"] == len(values), key
            if not values:
                assert fact["value"] is None, key
                continue
            assert (fact["value"], fact["p75"], fact["p90"], fact["mean"]) == (
                near(percentile(values, 0.5)),
                near(percentile(values, 0.75)),
                near(percentile(values, 0.9)),
                near(sum(values) / len(values)),
            ), key
            counted = len(values)
        else:
            days = (min(fact["period_end"], LAST_DAY) - fact["period_start"]).days + 1
            numerator = expected.total("numerator")
            if key[0] == "deployment_days":
                rows = [row for rows in expected.records.values() for row in rows]
                numerator = len({row["event_date"] for row in rows if row["numerator"]})
            assert fact["numerator"] == near(numerator), key
            denominator = {"deployment_frequency": days, "change_failure_rate": expected.total("denominator")}
            divisor = denominator.get(key[0], 1)
            assert fact["value"] == (near(numerator / divisor) if divisor else None), key
            counted = len(expected.records) - expected.excluded()
        assert fact["coverage"] == (near(counted / expected.eligible()) if expected.eligible() else None), key


def test_shares_carry_their_wilson_interval(facts: dict[Key, dict[str, Any]]) -> None:
    shares = [fact for key, fact in facts.items() if key[0] == "change_failure_rate" and fact["denominator"]]
    assert len(shares) > 300
    for fact in shares:
        share, trials = fact["value"], float(fact["denominator"])
        middle = share + Z * Z / (2 * trials)
        half = Z * sqrt(share * (1 - share) / trials + Z * Z / (4 * trials * trials))
        assert fact["low"] == near((middle - half) / (1 + Z * Z / trials))
        assert fact["high"] == near((middle + half) / (1 + Z * Z / trials))


def test_wilsons_intervals_are_those_of_newcombes_table(facts: dict[Key, dict[str, Any]]) -> None:
    for failed, trials, low, high in NEWCOMBE:
        fact = facts["change_failure_rate", "month", date(2025, 2, 1), "service", f"newcombe-{trials}"]
        assert (fact["numerator"], fact["denominator"]) == (failed, trials)
        assert (round(fact["low"], 4), round(fact["high"], 4)) == (low, high)


def test_periods_are_complete_once_they_ended_and_their_sources_landed(
    facts: dict[Key, dict[str, Any]],
) -> None:
    """The first record may come a tenth of the period late; what needs incidents waits for them."""
    first = {"deployment_frequency": FIRST_DAY, "change_failure_rate": FIRST_DAY}
    for (kpi, grain, start, segment_type, _), fact in facts.items():
        if kpi not in first or segment_type != "org":
            continue
        landed = INCIDENTS_THROUGH + timedelta(days=QUIET_DAYS_OF_INCIDENTS)
        through = LAST_DAY if kpi == "deployment_frequency" else landed
        late = {"week": 0, "month": 3, "quarter": 9}[grain]
        began = (first[kpi] - start).days <= late
        assert fact["is_complete"] == (began and fact["period_end"] <= through), (kpi, grain, start)


def test_a_baseline_is_the_mean_of_the_first_sixty_complete_days(facts: dict[Key, dict[str, Any]]) -> None:
    weeks = sorted(
        (
            fact
            for key, fact in facts.items()
            if key[:2] == ("deployment_frequency", "week") and key[3] == "org"
        ),
        key=lambda fact: fact["period_start"],
    )
    first = [week["value"] for week in weeks if week["is_complete"]][:9]
    mean = sum(first) / len(first)
    assert all(week["baseline"] == near(mean) for week in weeks)
    assert weeks[-1]["baseline_change"] == near((weeks[-1]["value"] - mean) / mean)


def test_targets_go_by_what_the_segment_is_at_the_end_of_its_period(
    given: dict[str, list[Row]], facts: dict[Key, dict[str, Any]]
) -> None:
    """Services of tiers 0 and 1 are to be restored within the hour; nothing else has such a target."""
    tiers = {row["service_id"]: row["tier"] for row in given["int_service_ownership"]}
    seen = set()
    for (kpi, _, _, segment_type, segment_id), fact in facts.items():
        if kpi != "time_to_restore" or fact["value"] is None:
            continue
        tier = {"tier": segment_id, "service": tiers.get(segment_id)}.get(segment_type)
        target = 60 if tier in ("0", "1") else None
        assert fact["target"] == target
        assert fact["status"] == (
            "no_target" if target is None else "met" if fact["value"] < 60 else "missed"
        )
        seen.add(fact["status"])
    assert seen == {"no_target", "met", "missed"}


def test_a_second_build_gives_the_same_bytes(home: DataHome) -> None:
    def contents() -> list[Any]:
        with duckdb.connect(str(home.warehouse), read_only=True) as con:
            return [
                con.execute(f"select * from marts.{table} order by all").fetchall()
                for table in ("fct_kpi_values", "fct_kpi_control_chart", "meta_source_freshness", "dim_date")
            ]

    before = contents()
    with duckdb.connect(str(home.warehouse)) as con:
        for table in ("int_kpi_lead_time_for_changes_records", "int_kpi_deployment_frequency_records"):
            con.execute(
                f"create or replace table intermediate.{table} as "
                f"select * from intermediate.{table} order by hash({table})"
            )
    rebuild_kpis(home, LAST_DAY)
    assert contents() == before
