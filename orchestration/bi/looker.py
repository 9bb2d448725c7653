"""A LookML project: a view per mart, an explore with its joins, KPIs as measures.

Syntax: https://cloud.google.com/looker/docs/reference/lookml-quick-reference. The SQL is PostgreSQL's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from orchestration.bi.connection import Connection
from orchestration.bi.kpis import Kpi, RegistryError
from orchestration.bi.labels import Templates, describe, kind_of, label_of, one_line, title_of
from orchestration.bi.measures import Form, Measure, measures_of
from orchestration.bi.registry import KPI_VALUES, SEGMENT_COLUMNS, Registry, Table
from orchestration.bi.sums import FOLDER, ColumnSum, sums_of
from orchestration.loading.identifiers import literal, quote
from orchestration.publishing.marts import MartColumn

# Timeframes that Looker makes of a group; each is a field <group>_<timeframe>.
_DATE_FRAMES = ("raw", "date", "week", "month", "quarter", "year")
_INSTANT_FRAMES = ("raw", "time", "hour", *_DATE_FRAMES[1:])
_TYPES = {"VARCHAR": "string", "BOOLEAN": "yesno"}
_ROW_KEY, _COUNT, _ONE_SEGMENT = "row_key", "count", "one_segment"
_DOUBLE = "double precision"


@dataclass(frozen=True)
class _Field:
    """A dimension, or a group of timeframes, of one column."""

    name: str
    column: MartColumn
    type: str
    frames: tuple[str, ...]
    is_key: bool
    is_hidden: bool

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that it takes in its view."""
        return tuple(f"{self.name}_{frame}" for frame in self.frames) or (self.name,)


def write_project(registry: Registry, connection: Connection, name: str) -> dict[str, str]:
    """The project's files by path. Raises RegistryError where two fields of a view would have one name."""
    fields = {table.name: _read_fields(registry, table) for table in registry.tables}
    templates = Templates({"text": _text, "label": label_of, "sql": quote})
    files = {
        "manifest.lkml": templates.render("manifest.lkml.j2", connection=connection, name=name),
        f"{name}.model.lkml": templates.render(
            "model.lkml.j2",
            name=name,
            registry=registry,
            connection=connection,
            title=title_of,
            describe=describe,
            kind=kind_of,
            always_filtered=_always_filtered,
            default_cell=_default_cell(registry),
            reference=lambda table, column: _reference(fields[table], column),
        ),
    }
    for table in registry.tables:
        measures = measures_of(registry, table)
        names = [taken for field in fields[table.name] for taken in field.names]
        names += [_COUNT, *(measure.kpi.kpi_id for measure in measures)]
        names += [one.name for one in sums_of(table)]
        names += [_ROW_KEY] if _needs_row_key(table) else []
        names += [_ONE_SEGMENT] if table.name == KPI_VALUES else []
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise RegistryError(f"{table.name}: two fields would be called {', '.join(twice)}")
        files[f"views/{table.name}.view.lkml"] = templates.render(
            "view.lkml.j2",
            table=table,
            title=title_of(table),
            fields=fields[table.name],
            needs_row_key=_needs_row_key(table),
            segment_columns=SEGMENT_COLUMNS if table.name == KPI_VALUES else (),
            measures=measures,
            measure_sql=write_sql,
            sums=sums_of(table),
            sums_folder=FOLDER,
            sum_sql=write_sum,
            value_format=_write_format,
            column_format=partial(_write_column_format, table),
            headlines={kpi.kpi_id: kpi.name for kpi in registry.kpis},
        )
    return files


def _write_format(kpi: Kpi) -> str:
    return "0.0%" if kpi.is_share else "#,##0" if kpi.is_whole else "#,##0.00"


def _write_column_format(table: Table, column: MartColumn) -> str | None:
    if table.is_share(column):
        return "0.00%"
    return "#,##0.00" if table.is_amount(column) else None


def write_sql(measure: Measure) -> str:
    """The SQL of a measure in PostgreSQL's words, with LookML's ``${TABLE}`` and ``${measure}``.

    Records are made distinct in the expression itself, so that it is right in any slice: of a record that
    stands on several rows (a change of two services) the greatest count and the least measured value count,
    as in the published cells.
    """
    of_kpi = f"{_column('kpi_id')} = {literal(measure.kpi.kpi_id)}"
    match measure.form:
        case Form.CELL_RATIO:
            ratio = _divide(
                f"sum({_column('numerator')}) filter (where {of_kpi})",
                f"sum({_column('denominator')}) filter (where {of_kpi})",
            )
            return f"case when {_told_whole(of_kpi)} then {ratio} end"
        case Form.CELL_SUM:
            total = f"sum({_column('numerator')}) filter (where {of_kpi})"
            return f"case when {_told_whole(of_kpi)} then cast({total} as {_DOUBLE}) end"
        case Form.CELL_VALUE:
            value = f"max({_column('value')}) filter (where {of_kpi})"
            return f"case when count(*) filter (where {of_kpi}) = 1 then {value} end"
        case Form.RECORD_RATIO:
            ratio = _divide("sum(record.numerator)", "sum(record.denominator)")
            return _over_records(ratio, of_kpi, "numerator", "denominator")
        case Form.RECORD_SUM:
            return _over_records(f"cast(sum(record.numerator) as {_DOUBLE})", of_kpi, "numerator")
        case Form.RECORD_PERCENTILE:
            return _over_records(
                f"percentile_cont({measure.percentile}) within group (order by record.measured)",
                f"{of_kpi} and {_column('exclusion_reason')} is null and {_column('measured')} is not null",
                "measured",
            )
        case Form.RECORD_MAXIMUM:
            counted = f"{of_kpi} and {_column('exclusion_reason')} is null"
            return f"max({_column('measured')}) filter (where {counted})"
        case Form.RECORD_DAYS:
            active = f"{of_kpi} and {_column('numerator')} > 0"
            return f"count(distinct {_column('event_date')}) filter (where {active})"


def write_sum(one: ColumnSum) -> str:
    """The SQL of a column's sum."""
    total = f"sum({_column(one.column.name)})"
    conditions = [f"min({_column(name)}) = max({_column(name)})" for name in one.within]
    conditions += [f"count({_column(name)}) = count(*)" for name in one.within if one.may_lack(name)]
    return f"case when {' and '.join(conditions)} then {total} end" if conditions else total


def _divide(numerator: str, denominator: str) -> str:
    return f"cast({numerator} as {_DOUBLE}) / nullif(cast({denominator} as {_DOUBLE}), 0)"


def _told_whole(of_kpi: str) -> str:
    """SQL: the rows are one segment's, and no cell among them is suppressed (its numerator is null)."""
    told = f"count({_column('numerator')}) filter (where {of_kpi})"
    return f"(${{{_ONE_SEGMENT}}}) and {told} = count(*) filter (where {of_kpi})"


def _over_records(expression: str, condition: str, *columns: str) -> str:
    arrays = ", ".join(
        f"array_agg({_column(name)}) filter (where {condition})" for name in ("record_id", *columns)
    )
    once = ", ".join(f"{'min' if name == 'measured' else 'max'}(told.{name}) as {name}" for name in columns)
    return (
        f"(select {expression} from (select {once} from unnest({arrays}) "  # noqa: S608
        f"as told (record_id, {', '.join(columns)}) group by told.record_id) as record)"
    )


def _column(name: str) -> str:
    return "${TABLE}." + quote(name)


def _read_fields(registry: Registry, table: Table) -> tuple[_Field, ...]:
    key = table.mart.primary_key
    fields: list[_Field] = []
    # Columns that are one field come first: a group gives way to them.
    taken = {column.name for column in table.columns if column.data_type not in ("DATE", "TIMESTAMP")}
    for column in table.columns:
        if column.data_type in ("DATE", "TIMESTAMP"):
            frames = _DATE_FRAMES if column.data_type == "DATE" else _INSTANT_FRAMES
            short = re.sub("_(date|at)$", "", column.name)
            is_free = not taken.intersection(f"{short}_{frame}" for frame in frames)
            field = _Field(short if is_free else column.name, column, "time", frames, False, False)
        else:
            is_hidden = registry.is_foreign_key(table, column)
            kind = _TYPES.get(column.data_type, "number")
            field = _Field(column.name, column, kind, (), key == (column.name,), is_hidden)
        taken.update(field.names)
        fields.append(field)
    return tuple(fields)


def _needs_row_key(table: Table) -> bool:
    """Whether the key is no single dimension: several columns, or a date, which is a group."""
    key = table.mart.primary_key
    return len(key) > 1 or (len(key) == 1 and table.column(key[0]).data_type in ("DATE", "TIMESTAMP"))


def _reference(fields: tuple[_Field, ...], column: str) -> str:
    """The name by which a join refers to a column."""
    field = next(field for field in fields if field.column.name == column)
    return f"{field.name}_raw" if field.frames else field.name


def _always_filtered(table: Table) -> tuple[str, ...]:
    """Columns over which nothing may be added up: an explore asks for one value of each."""
    return tuple(name for name in SEGMENT_COLUMNS[:2] if table.has(name))


def _default_cell(registry: Registry) -> Mapping[str, str]:
    """The grain and the segment type that most KPIs have: what an explore begins with."""
    grains = [grain for kpi in registry.kpis for grain in kpi.grains]
    segments = [segment for kpi in registry.kpis for segment in kpi.segments]
    return {
        name: max(dict.fromkeys(values), key=values.count)
        for name, values in zip(SEGMENT_COLUMNS[:2], (grains, segments), strict=True)
        if values
    }


def _text(text: str) -> str:
    """A text between quotes. Liquid's and LookML's own marks are broken up: a description is no template."""
    plain = re.sub(r"([{$@])(?=[{%])", r"\1 ", one_line(text))
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'
