"""A Power BI project: a semantic model in TMDL, an empty report over it, and a .pbids connection file.

Layout: https://learn.microsoft.com/power-bi/developer/projects/projects-overview; TMDL:
https://learn.microsoft.com/analysis-services/tmdl/tmdl-overview; incremental refresh:
https://learn.microsoft.com/power-bi/connect-data/incremental-refresh-overview.
"""

from __future__ import annotations

import json
import re
import uuid
from functools import partial
from typing import Any

from orchestration.bi.connection import Connection
from orchestration.bi.dax import ONE_SEGMENT, write_dax, write_one_segment, write_sum
from orchestration.bi.kpis import RegistryError
from orchestration.bi.labels import Templates, describe, one_line
from orchestration.bi.measures import measures_of
from orchestration.bi.registry import KPI_VALUES, Registry, Table
from orchestration.bi.sums import FOLDER, sums_of
from orchestration.publishing.marts import MartColumn

_SCHEMAS = "https://developer.microsoft.com/json-schemas/fabric"
# Numbers with more than four decimals are doubles: Power BI's own decimal keeps only four.
_TYPES = {"VARCHAR": "string", "BIGINT": "int64", "INTEGER": "int64", "BOOLEAN": "boolean"}
_FORMATS = {"DATE": "yyyy-mm-dd", "TIMESTAMP": "yyyy-mm-dd hh:nn:ss"}
# A name of ours, from which every id in the project follows: generated again, nothing moves.
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://schemas.engineering-metrics.example/powerbi")


def write_project(registry: Registry, connection: Connection, name: str) -> dict[str, str]:
    """The project's files by path. Raises RegistryError where two measures would have one name."""
    model, report = f"{name}.SemanticModel", f"{name}.Report"
    templates = Templates(
        {"name": _quote, "m": _m_text, "field": _m_field, "id": _make_id, "comment": _comment}
    )
    files = {
        f"{name}.pbip": _json(
            {
                "$schema": f"{_SCHEMAS}/pbip/pbipProperties/1.0.0/schema.json",
                "version": "1.0",
                "artifacts": [{"report": {"path": report}}],
                "settings": {"enableAutoRecovery": True},
            }
        ),
        f"{name}.pbids": _json(
            {
                "version": "0.1",
                "connections": [
                    {
                        "details": {
                            "protocol": "postgresql",
                            "address": {
                                "server": f"{connection.host}:{connection.port}",
                                "database": connection.database,
                            },
                        },
                        "options": {},
                        "mode": "Import",
                    }
                ],
            }
        ),
        f"{model}/definition.pbism": _json(
            {
                "$schema": f"{_SCHEMAS}/item/semanticModel/definitionProperties/1.0.0/schema.json",
                "version": "4.2",
                "settings": {},
            }
        ),
        f"{model}/definition/database.tmdl": "database\n\tcompatibilityLevel: 1600\n",
        f"{model}/definition/model.tmdl": templates.render("model.tmdl.j2", tables=registry.tables),
        f"{model}/definition/expressions.tmdl": templates.render(
            "expressions.tmdl.j2", connection=connection
        ),
        f"{model}/definition/relationships.tmdl": templates.render(
            "relationships.tmdl.j2", relationships=registry.relationships
        ),
        **_write_report(report, model),
    }
    if not registry.relationships:
        del files[f"{model}/definition/relationships.tmdl"]
    for table in registry.tables:
        files[f"{model}/definition/tables/{table.name}.tmdl"] = _write_table(registry, table, templates)
    _require_single_names(registry)
    return files


def find_refresh_column(table: Table) -> str | None:
    """The date by which a fact may be refreshed in parts; None where there is none.

    A row whose date is null would be in no part, and would be lost: only a date that the contract says is
    never null will do. What has one row a month is small, and a budget's months lie ahead, where there is no
    part yet.
    """
    day = table.dates[0].name if table.dates and not table.is_dimension else ""
    return day if day in table.required and "month" not in day else None


def _write_table(registry: Registry, table: Table, templates: Templates) -> str:
    measures = measures_of(registry, table)
    return templates.render(
        "table.tmdl.j2",
        table=table,
        description=describe(table),
        schema=registry.schema,
        refresh_column=find_refresh_column(table),
        key=table.key.name if table.is_dimension else None,
        types=_TYPES,
        formats=_FORMATS,
        column_format=partial(_write_column_format, table),
        is_hidden=lambda column: registry.is_foreign_key(table, column),
        measures=measures,
        dax={measure.kpi.kpi_id: write_dax(measure) for measure in measures},
        one_segment=write_one_segment() if table.name == KPI_VALUES else None,
        one_segment_name=ONE_SEGMENT,
        sums=sums_of(table),
        sums_folder=FOLDER,
        sum_dax=write_sum,
        headlines={kpi.kpi_id: kpi.name for kpi in registry.kpis},
    )


def _write_column_format(table: Table, column: MartColumn) -> str | None:
    if table.is_share(column):
        return "0.00%"
    return "#,0.00" if table.is_amount(column) else _FORMATS.get(column.data_type)


def _write_report(report: str, model: str) -> dict[str, str]:
    """The least that Power BI opens: one empty page, bound to the model beside it."""
    item = f"{_SCHEMAS}/item/report"
    page = "overview"
    return {
        f"{report}/definition.pbir": _json(
            {
                "$schema": f"{item}/definitionProperties/2.0.0/schema.json",
                "version": "4.0",
                "datasetReference": {"byPath": {"path": f"../{model}"}},
            }
        ),
        f"{report}/definition/version.json": _json(
            {"$schema": f"{item}/definition/versionMetadata/1.0.0/schema.json", "version": "2.0.0"}
        ),
        f"{report}/definition/report.json": _json(
            {
                "$schema": f"{item}/definition/report/1.0.0/schema.json",
                "themeCollection": {},
                "layoutOptimization": "None",
            }
        ),
        f"{report}/definition/pages/pages.json": _json(
            {
                "$schema": f"{item}/definition/pagesMetadata/1.0.0/schema.json",
                "pageOrder": [page],
                "activePageName": page,
            }
        ),
        f"{report}/definition/pages/{page}/page.json": _json(
            {
                "$schema": f"{item}/definition/page/1.0.0/schema.json",
                "name": page,
                "displayName": "Overview",
                "displayOption": "FitToPage",
                "height": 720,
                "width": 1280,
            }
        ),
    }


def _require_single_names(registry: Registry) -> None:
    """A measure's name is one in the whole model, and no column's of its table; case does not tell apart."""
    taken: set[str] = set()
    for table in registry.tables:
        columns = {column.name.casefold() for column in table.columns}
        labels = [measure.label for measure in measures_of(registry, table)]
        labels += [one.full_label for one in sums_of(table)]
        for label in labels:
            name = label.casefold()
            if name in taken or name in columns or name == ONE_SEGMENT.casefold():
                raise RegistryError(f"{table.name}: two things would be called {label}")
            taken.add(name)


def _json(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _make_id(*names: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, "/".join(names)))


def _quote(name: str) -> str:
    """A name in TMDL."""
    return name if re.fullmatch(r"\w+", name) else "'" + one_line(name).replace("'", "''") + "'"


def _m_text(text: str) -> str:
    """A text in Power Query's M, in which ``#(`` begins an escape."""
    return '"' + text.replace("#(", "#(#)(").replace('"', '""') + '"'


def _m_field(name: str) -> str:
    """A column of a row in Power Query's M."""
    return f"[{name}]" if re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII) else f"[#{_m_text(name)}]"


def _comment(text: str, indent: str = "") -> str:
    """A description in TMDL: lines before the object that it describes."""
    return f"{indent}/// {one_line(text)}"
