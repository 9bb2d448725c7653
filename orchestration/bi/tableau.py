"""Tableau data sources: one .tds per mart, related to its dimensions, with the KPIs as calculated fields.

The elements and their order are those of ``DataSource-CT`` in Tableau's own schema of workbooks,
https://github.com/tableau/tableau-document-schemas; of the connection, which that leaves open, what Tableau
Desktop writes for tables that are related and not joined.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from xml.etree import ElementTree as Xml

from orchestration.bi.calculations import ONE_SEGMENT, write_calculation, write_one_segment, write_sum
from orchestration.bi.connection import Connection
from orchestration.bi.kpis import Kpi
from orchestration.bi.labels import label_of, one_line, title_of
from orchestration.bi.measures import Measure, measures_of
from orchestration.bi.registry import KPI_VALUES, Registry, Table
from orchestration.bi.sums import FOLDER, ColumnSum, sums_of
from orchestration.publishing.marts import MartColumn

_VERSION = "18.1"
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://schemas.engineering-metrics.example/tableau")


@dataclass(frozen=True)
class _Type:
    """How Tableau calls a type, the driver's code of it, and what Tableau does with values by itself."""

    name: str
    code: int
    aggregation: str
    kind: str


_TYPES = {
    "VARCHAR": _Type("string", 129, "Count", "nominal"),
    "BOOLEAN": _Type("boolean", 11, "Count", "nominal"),
    "BIGINT": _Type("integer", 20, "Sum", "ordinal"),
    "INTEGER": _Type("integer", 20, "Sum", "ordinal"),
    "DATE": _Type("date", 133, "Year", "ordinal"),
    "TIMESTAMP": _Type("datetime", 135, "Year", "ordinal"),
}
_REAL = _Type("real", 5, "Sum", "ordinal")
_WHOLE, _DECIMALS = "n#,##0;-#,##0", "n#,##0.00;-#,##0.00"


def write_sources(registry: Registry, connection: Connection, name: str) -> dict[str, str]:
    """The data sources by file name: one for each mart that is no dimension of others, and the dimensions."""
    return {
        f"{name}.{table.name}.tds": _write_source(registry, table, connection) for table in registry.tables
    }


def _write_source(registry: Registry, table: Table, connection: Connection) -> str:
    related = [one for one in registry.relationships_of(table) if one.is_active]
    tables = (table, *(registry.table(one.dimension) for one in related))
    names = _name_fields(tables)
    source = Xml.Element(
        "datasource",
        {"formatted-name": title_of(table), "inline": "true", "source-platform": "win", "version": _VERSION},
    )
    manifest = Xml.SubElement(source, "document-format-change-manifest")
    for feature in ("ObjectModelEncapsulateLegacy", "ObjectModelTableType", "SchemaViewerObjectModel"):
        Xml.SubElement(manifest, feature)
    _add_connection(source, tables, names, connection)
    Xml.SubElement(source, "aliases", {"enabled": "yes"})
    measures = measures_of(registry, table)
    if table.name == KPI_VALUES:
        _add_calculation(source, ONE_SEGMENT, "One segment", "boolean", write_one_segment(), "", hidden=True)
    for measure in measures:
        _add_calculation(
            source,
            f"Calculation_{measure.kpi.kpi_id}",
            measure.label,
            "real",
            write_calculation(measure),
            measure.description,
            default_format=_write_format(measure.kpi),
        )
    sums = sums_of(table)
    for total in sums:
        _add_calculation(
            source,
            f"Calculation_{total.name}",
            total.label,
            "real",
            write_sum(total),
            total.description,
            default_format=_WHOLE if total.column.is_whole else _DECIMALS,
        )
    for one in tables:
        for column in one.columns:
            is_hidden = one is table and registry.is_foreign_key(table, column)
            _add_column(source, one, column, names[one.name, column.name], table, is_hidden)
    _add_folders(source, registry, measures, sums)
    Xml.SubElement(
        source,
        "layout",
        {"dim-ordering": "alphabetic", "measure-ordering": "alphabetic", "show-structure": "true"},
    )
    Xml.SubElement(source, "date-options", {"start-of-week": "monday"})
    graph = Xml.SubElement(source, "object-graph")
    objects = Xml.SubElement(graph, "objects")
    for one in tables:
        entry = Xml.SubElement(objects, "object", {"caption": title_of(one), "id": one.name})
        properties = Xml.SubElement(entry, "properties", {"context": ""})
        Xml.SubElement(properties, "relation", _relation(one, connection))
    relationships = Xml.SubElement(graph, "relationships") if related else graph
    for link in related:
        entry = Xml.SubElement(relationships, "relationship")
        equal = Xml.SubElement(entry, "expression", {"op": "="})
        Xml.SubElement(equal, "expression", {"op": f"[{names[table.name, link.column]}]"})
        Xml.SubElement(equal, "expression", {"op": f"[{names[link.dimension, link.key]}]"})
        Xml.SubElement(entry, "first-end-point", {"object-id": table.name})
        # At most one row of a dimension: Tableau need not guard against counting a fact twice.
        Xml.SubElement(entry, "second-end-point", {"object-id": link.dimension, "unique-key": "true"})
    Xml.indent(source)
    return "<?xml version='1.0' encoding='utf-8' ?>\n" + Xml.tostring(source, encoding="unicode") + "\n"


def _write_format(kpi: Kpi) -> str:
    if kpi.is_share:
        return "p0.0%"
    return _WHOLE if kpi.is_whole else _DECIMALS


def _add_connection(
    source: Xml.Element,
    tables: tuple[Table, ...],
    names: Mapping[tuple[str, str], str],
    connection: Connection,
) -> None:
    federated = Xml.SubElement(source, "connection", {"class": "federated"})
    named = Xml.SubElement(
        Xml.SubElement(federated, "named-connections"),
        "named-connection",
        {"caption": connection.host, "name": _connection_name(connection)},
    )
    Xml.SubElement(
        named,
        "connection",
        {
            "authentication": "username-password",
            "class": "postgres",
            "dbname": connection.database,
            "odbc-native-protocol": "yes",
            "one-time-sql": "",
            "port": str(connection.port),
            "schema": connection.schema,
            "server": connection.host,
            "sslmode": "require",
            "username": connection.user,
        },
    )
    parent = Xml.SubElement(federated, "relation", {"type": "collection"}) if len(tables) > 1 else federated
    for table in tables:
        Xml.SubElement(parent, "relation", _relation(table, connection))
    columns = Xml.SubElement(federated, "cols")
    for (table_name, column_name), name in names.items():
        place = f"[{table_name}].[{column_name}]"
        Xml.SubElement(columns, "map", {"key": f"[{name}]", "value": place})
    records = Xml.SubElement(federated, "metadata-records")
    ordinal = 0
    for table in tables:
        for column in table.columns:
            kind = _TYPES.get(column.data_type, _REAL)
            ordinal += 1
            record = Xml.SubElement(records, "metadata-record", {"class": "column"})
            for tag, text in (
                ("remote-name", column.name),
                ("remote-type", str(kind.code)),
                ("local-name", f"[{names[table.name, column.name]}]"),
                ("parent-name", f"[{table.name}]"),
                ("remote-alias", column.name),
                ("ordinal", str(ordinal)),
                ("local-type", kind.name),
                ("aggregation", kind.aggregation),
                ("contains-null", str(column.name not in table.required).lower()),
                ("object-id", f"[{table.name}]"),
            ):
                Xml.SubElement(record, tag).text = text


def _relation(table: Table, connection: Connection) -> dict[str, str]:
    return {
        "connection": _connection_name(connection),
        "name": table.name,
        "table": f"[{connection.schema}].[{table.name}]",
        "type": "table",
    }


def _connection_name(connection: Connection) -> str:
    place = f"{connection.host}:{connection.port}/{connection.database}/{connection.schema}"
    return f"postgres.{uuid.uuid5(_NAMESPACE, place).hex}"


def _name_fields(tables: tuple[Table, ...]) -> dict[tuple[str, str], str]:
    """A name for each column: the first table's keep their own, others say whose they are where they must."""
    names: dict[tuple[str, str], str] = {}
    for table in tables:
        for column in table.columns:
            is_free = column.name not in names.values()
            names[table.name, column.name] = column.name if is_free else f"{column.name} ({table.name})"
    return names


def _add_column(
    source: Xml.Element, table: Table, column: MartColumn, name: str, fact: Table, is_hidden: bool
) -> None:
    """A column is a dimension, whatever its type: which numbers add up is said by the calculated fields."""
    kind = _TYPES.get(column.data_type, _REAL)
    caption = label_of(column.name) + ("" if table is fact else f" ({title_of(table)})")
    attributes = {
        "caption": caption,
        "datatype": kind.name,
        "name": f"[{name}]",
        "role": "dimension",
        "type": kind.kind,
    }
    if table.is_share(column):
        attributes["default-format"] = "p0.00%"
    elif table.is_amount(column):
        attributes["default-format"] = _DECIMALS
    if is_hidden:
        attributes["hidden"] = "true"
    Xml.SubElement(Xml.SubElement(source, "column", attributes), "desc").append(
        _formatted(column.description)
    )


def _add_calculation(
    source: Xml.Element,
    name: str,
    caption: str,
    datatype: str,
    formula: str,
    description: str,
    *,
    default_format: str = "",
    hidden: bool = False,
) -> None:
    attributes = {
        "caption": caption,
        "datatype": datatype,
        "name": f"[{name}]",
        "role": "measure",
        "type": "quantitative" if datatype == "real" else "nominal",
    }
    if default_format:
        attributes["default-format"] = default_format
    if hidden:
        attributes["hidden"] = "true"
    column = Xml.SubElement(source, "column", attributes)
    Xml.SubElement(column, "calculation", {"class": "tableau", "formula": formula})
    if description:
        Xml.SubElement(column, "desc").append(_formatted(description))


def _add_folders(
    source: Xml.Element, registry: Registry, measures: tuple[Measure, ...], sums: tuple[ColumnSum, ...]
) -> None:
    """A folder per headline, with the fields of its companions, and one for sums."""
    names = {kpi.kpi_id: kpi.name for kpi in registry.kpis}
    filed: dict[str, list[str]] = {}
    for measure in measures:
        filed.setdefault(names[measure.kpi.headline_kpi_id], []).append(measure.kpi.kpi_id)
    if sums:
        filed[FOLDER] = [total.name for total in sums]
    folders = Xml.SubElement(source, "folders-common") if filed else source
    for name, fields in filed.items():
        folder = Xml.SubElement(folders, "folder", {"name": name})
        for field in fields:
            Xml.SubElement(folder, "folder-item", {"name": f"[Calculation_{field}]", "type": "field"})


def _formatted(text: str) -> Xml.Element:
    element = Xml.Element("formatted-text")
    Xml.SubElement(element, "run").text = one_line(text)
    return element
