"""KPI measures in DAX: https://learn.microsoft.com/dax/dax-function-reference."""

from __future__ import annotations

from orchestration.bi.measures import Form, Measure
from orchestration.bi.registry import KPI_VALUES, SEGMENT_COLUMNS
from orchestration.bi.sums import ColumnSum

# The hidden measure that says whether the rows before a measure are one segment's of one grain.
ONE_SEGMENT = "One segment"


def write_one_segment() -> str:
    """DAX of the measure ``ONE_SEGMENT``."""
    return " && ".join(f"HASONEVALUE({_column(KPI_VALUES, name)})" for name in SEGMENT_COLUMNS)


def write_dax(measure: Measure) -> str:
    """The DAX of a measure.

    KEEPFILTERS, so that a KPI chosen by the reader is narrowed and not replaced. Of a record that stands on
    several rows (a change of two services) the greatest count and the least measured value count, as in the
    published cells.
    """
    table = measure.table
    numerator, denominator = _column(table, "numerator"), _column(table, "denominator")
    told = f"COUNT({numerator}) = COUNTROWS({_table(table)})"
    excluded, measured = _column(table, "exclusion_reason"), _column(table, "measured")
    match measure.form:
        case Form.CELL_RATIO:
            ratio = f"DIVIDE(SUM({numerator}), SUM({denominator}))"
            return f"IF([{ONE_SEGMENT}], {_of_kpi(measure, f'IF({told}, {ratio})')})"
        case Form.CELL_SUM:
            return f"IF([{ONE_SEGMENT}], {_of_kpi(measure, f'IF({told}, SUM({numerator}))')})"
        case Form.CELL_VALUE:
            value = f"MAX({_column(table, 'value')})"
            return _of_kpi(measure, f"IF(COUNTROWS({_table(table)}) = 1, {value})")
        case Form.RECORD_RATIO:
            ratio = f"DIVIDE({_over_records(table, 'numerator')}, {_over_records(table, 'denominator')})"
            return _of_kpi(measure, ratio)
        case Form.RECORD_SUM:
            return _of_kpi(measure, _over_records(table, "numerator"))
        case Form.RECORD_PERCENTILE:
            values = f"VALUES({_column(table, 'record_id')}), CALCULATE(MIN({measured}))"
            percentile = f"PERCENTILEX.INC({values}, {measure.percentile})"
            return _of_kpi(measure, percentile, f"ISBLANK({excluded})", f"NOT(ISBLANK({measured}))")
        case Form.RECORD_MAXIMUM:
            return _of_kpi(measure, f"MAX({measured})", f"ISBLANK({excluded})")
        case Form.RECORD_DAYS:
            days = f"DISTINCTCOUNT({_column(table, 'event_date')})"
            return _of_kpi(measure, days, f"{numerator} > 0")


def write_sum(one: ColumnSum) -> str:
    """The DAX of a column's sum; to HASONEVALUE a blank is a value like any."""
    table = one.table.name
    total = f"SUM({_column(table, one.column.name)})"
    alone = " && ".join(f"HASONEVALUE({_column(table, name)})" for name in one.within)
    return f"IF({alone}, {total})" if alone else total


def _of_kpi(measure: Measure, expression: str, *conditions: str) -> str:
    of_kpi = f'{_column(measure.table, "kpi_id")} = "{measure.kpi.kpi_id}"'
    filters = ", ".join(f"KEEPFILTERS({condition})" for condition in (of_kpi, *conditions))
    return f"CALCULATE({expression}, {filters})"


def _over_records(table: str, column: str) -> str:
    return f"SUMX(VALUES({_column(table, 'record_id')}), CALCULATE(MAX({_column(table, column)})))"


def _table(name: str) -> str:
    return "'" + name.replace("'", "''") + "'"


def _column(table: str, name: str) -> str:
    return f"{_table(table)}[{name.replace(']', ']]')}]"
