"""A registry small enough to be read, with every kind of column and measure, and text that wants escaping.

``python -m tests.bi.miniature`` writes what is generated from it to ``golden/``, for a change that is meant.
"""

from __future__ import annotations

import sys
from pathlib import Path

from orchestration.bi.command import WRITERS
from orchestration.bi.connection import Connection
from orchestration.bi.folder import write_files
from orchestration.bi.kpis import Kpi
from orchestration.bi.registry import Registry, Table
from orchestration.publishing.marts import Mart, MartColumn

GOLDEN = Path(__file__).with_name("golden")
CONNECTION = Connection("db.acme.example", 5432, "metrics", "marts", "acme")
# Quotes of both kinds, a line break, a tab, XML, backslashes, marks of Liquid, LookML, M and TMDL.
TRAP = (
    'Say "yes" or \'no\';\n\tif a < b && c > d: C:\\new \\" '
    "{{ liquid }} {% if %} ${x} @{y} #(lf) ```]] — 東京 🚀"
)


def _mart(name: str, key: tuple[str, ...], *columns: tuple[str, str], description: str = "One row.") -> Mart:
    return Mart(
        name, description, tuple(MartColumn(*column, TRAP) for column in columns), key, frozenset({"github"})
    )


def _kpi(kpi_id: str, name: str, aggregation: str, grains: tuple[str, ...] = ("week", "month")) -> Kpi:
    return Kpi(
        kpi_id=kpi_id,
        name=name,
        headline_kpi_id="frequency",
        definition=TRAP,
        formula="a ÷ b",
        caveats="",
        owner="Somebody",
        display_unit="%" if aggregation == "ratio" else "days",
        aggregation=aggregation,
        grains=grains,
        segments=("org", "team"),
        is_people=False,
        records_schema="marts",
        records_table="kpi_frequency_records",
    )


REGISTRY = Registry(
    schema="marts",
    tables=(
        Table(
            _mart("dim_date", ("date_day",), ("date_day", "DATE"), ("iso_week", "BIGINT")), "", frozenset()
        ),
        Table(_mart("dim_kpi", ("kpi_id",), ("kpi_id", "VARCHAR")), "What is it?", frozenset({"kpi_id"})),
        Table(
            _mart(
                "dim_team",
                ("team_id",),
                ("team_id", "VARCHAR"),
                ("is_active", "BOOLEAN"),
                description=TRAP,
            ),
            "Which teams?",
            frozenset({"team_id"}),
        ),
        Table(
            _mart(
                "fct_kpi_values",
                ("kpi_id", "period_grain", "period_start", "segment_type", "segment_id"),
                ("kpi_id", "VARCHAR"),
                ("period_grain", "VARCHAR"),
                ("period_start", "DATE"),
                ("period_end", "DATE"),
                ("segment_type", "VARCHAR"),
                ("segment_id", "VARCHAR"),
                ("numerator", "DECIMAL(38,9)"),
                ("denominator", "DECIMAL(38,9)"),
                ("value", "DOUBLE"),
            ),
            'How "much"?',
            frozenset({"kpi_id", "period_grain", "period_start", "segment_type", "segment_id"}),
        ),
        Table(
            _mart(
                "mart_costs",
                (),
                ("currency", "VARCHAR"),
                ("cost_view", "VARCHAR"),
                ("cost", "DECIMAL(38,18)"),
                ("charge_rows", "BIGINT"),
                ("tax_share", "DOUBLE"),
            ),
            "",
            frozenset({"currency"}),
            {"cost": ("currency", "cost_view"), "charge_rows": ()},
        ),
        Table(
            _mart(
                "kpi_frequency_records",
                (),
                ("kpi_id", "VARCHAR"),
                ("record_id", "VARCHAR"),
                ("event_date", "DATE"),
                ("event_at", "TIMESTAMP"),
                ("team_id", "VARCHAR"),
                ("numerator", "DECIMAL(38,9)"),
                ("denominator", "DECIMAL(38,9)"),
                ("measured", "DOUBLE"),
                ("exclusion_reason", "VARCHAR"),
            ),
            "",
            frozenset(),
        ),
    ),
    kpis=(
        _kpi("frequency", 'Frequency: how "often", it\'s 100%', "ratio"),
        _kpi("total", "Total", "count"),
        _kpi("wait", "Waiting", "median"),
        _kpi("longest", "Longest", "maximum"),
        _kpi("days", "Days", "distinct_days"),
        _kpi("open", "Open", "count", ("month",)),
        _kpi("year", "Year", "trailing_year_rate"),
    ),
)


def write(tool: str) -> dict[str, str]:
    """What is generated of it for a tool."""
    return WRITERS[tool](REGISTRY, CONNECTION, "acme")


def main() -> int:
    for tool in WRITERS:
        print(tool, write_files(GOLDEN / tool, write(tool), force=True))
    return 0


if __name__ == "__main__":
    sys.exit(main())
