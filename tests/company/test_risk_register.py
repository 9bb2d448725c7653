"""The risk register of a built company: its queries list the records that it speaks of."""

from __future__ import annotations

import duckdb

from orchestration.home import DataHome


def test_every_query_of_the_register_lists_records_of_its_kpi(built_company: DataHome) -> None:
    with duckdb.connect(str(built_company.warehouse), read_only=True) as con:
        risks = con.execute(
            "select kpi_id, segment_type, value, records_query from marts.fct_risk_register "
            "where records_query is not null"
        ).fetchall()
        assert {segment for _, segment, _, _ in risks} >= {"org", "service"}
        for kpi_id, segment_type, value, query in risks:
            rows, own = con.execute(
                f"select count(*), count(*) filter (kpi_id = ?) from ({query})", [kpi_id]
            ).fetchall()[0]
            # Nothing behind it is right where nothing was counted: a service that was not deployed.
            assert rows == own, query
            assert rows > 0 or value == 0, f"{kpi_id} by {segment_type}: {query}"
