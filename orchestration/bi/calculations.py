"""KPI measures as Tableau's calculated fields: https://help.tableau.com/current/pro/desktop/en-us/functions.htm."""

from __future__ import annotations

from orchestration.bi.measures import Form, Measure
from orchestration.bi.registry import SEGMENT_COLUMNS
from orchestration.bi.sums import ColumnSum

# The hidden field that says whether the rows of a mark are one segment's of one grain.
ONE_SEGMENT = "Calculation_one_segment"


def write_one_segment() -> str:
    """The formula of ``ONE_SEGMENT``."""
    return " AND ".join(f"MIN([{name}]) = MAX([{name}])" for name in SEGMENT_COLUMNS)


def write_calculation(measure: Measure) -> str:
    """The formula of a measure.

    Of a record that stands on several rows (a change of two services) the greatest count and the least
    measured value count, as in the published cells: INCLUDE adds the record to whatever the view is cut by.
    """
    of_kpi = f'[kpi_id] = "{measure.kpi.kpi_id}"'
    numerator, denominator = (f"SUM({_only(of_kpi, name)})" for name in ("numerator", "denominator"))
    rows = f"SUM({_only(of_kpi, '1')})"
    told = f"[{ONE_SEGMENT}] AND COUNT({_only(of_kpi, 'numerator')}) = {rows}"
    match measure.form:
        case Form.CELL_RATIO:
            return f"IF {told} AND {denominator} <> 0 THEN {numerator} / {denominator} END"
        case Form.CELL_SUM:
            return f"IF {told} THEN {numerator} END"
        case Form.CELL_VALUE:
            return f"IF {rows} = 1 THEN MAX({_only(of_kpi, 'value')}) END"
        case Form.RECORD_RATIO:
            numerator, denominator = (
                f"SUM({_each_record(of_kpi, name)})" for name in ("numerator", "denominator")
            )
            return f"IF {denominator} <> 0 THEN {numerator} / {denominator} END"
        case Form.RECORD_SUM:
            return f"SUM({_each_record(of_kpi, 'numerator')})"
        case Form.RECORD_PERCENTILE:
            values = _each_record(f"{of_kpi} AND ISNULL([exclusion_reason])", "measured", "MIN")
            return f"PERCENTILE({values}, {measure.percentile})"
        case Form.RECORD_MAXIMUM:
            return f"MAX({_only(f'{of_kpi} AND ISNULL([exclusion_reason])', 'measured')})"
        case Form.RECORD_DAYS:
            return f"COUNTD({_only(f'{of_kpi} AND [numerator] > 0', 'event_date')})"


def write_sum(one: ColumnSum) -> str:
    """The formula of a column's sum."""
    total = f"SUM([{one.column.name}])"
    conditions = [f"MIN([{name}]) = MAX([{name}])" for name in one.within]
    conditions += [f"COUNT(IF ISNULL([{name}]) THEN 1 END) = 0" for name in one.within if one.may_lack(name)]
    return f"IF {' AND '.join(conditions)} THEN {total} END" if conditions else total


def _only(condition: str, what: str) -> str:
    return f"IF {condition} THEN {what if what.isdigit() else f'[{what}]'} END"


def _each_record(condition: str, column: str, of_rows: str = "MAX") -> str:
    return f"{{INCLUDE [record_id] : {of_rows}({_only(condition, column)})}}"
