"""What the ledger knows, as text for people."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb


def describe_status(con: duckdb.DuckDBPyConnection, unclaimed: Sequence[str]) -> str:
    """Tables with files, rows, quarantine and drift; failed files, reasons, and what nobody reads."""
    sections = [_tables(con), _failed(con), _reasons(con), _drift(con)]
    if unclaimed:
        sections.append(
            "In the landing folder, but in no contract:\n" + "\n".join(f"  {n}" for n in unclaimed)
        )
    return "\n\n".join(section for section in sections if section)


def _tables(con: duckdb.DuckDBPyConnection) -> str:
    rows = con.execute(
        """
        with files as (
            select
                system, table_name,
                count(*) filter (where status = 'loaded') as loaded,
                count(*) filter (where status = 'failed') as failed
            from ops.ingest_files
            group by system, table_name
        ),

        rejects as (
            select system, table_name, count(*) as open
            from ops.ingest_rejects
            where replayed_at is null
            group by system, table_name
        ),

        drift as (
            select system, table_name, count(*) as members
            from ops.schema_drift
            group by system, table_name
        )

        select
            state.system || '.' || state.table_name, coalesce(files.loaded, 0), coalesce(files.failed, 0),
            state.rows, coalesce(rejects.open, 0), coalesce(drift.members, 0),
            coalesce(strftime(state.data_through, '%Y-%m-%d %H:%M'), ''),
            coalesce(strftime(state.last_loaded_at, '%Y-%m-%d %H:%M'), '')
        from ops.table_state as state
        left join files on state.system = files.system and state.table_name = files.table_name
        left join rejects on state.system = rejects.system and state.table_name = rejects.table_name
        left join drift on state.system = drift.system and state.table_name = drift.table_name
        order by state.system, state.table_name
        """
    ).fetchall()
    heading = [
        "table",
        "files",
        "failed",
        "rows",
        "quarantined",
        "unknown members",
        "data through",
        "last loaded",
    ]
    return format_table(heading, rows)


def _failed(con: duckdb.DuckDBPyConnection) -> str:
    rows = con.execute(
        """
        select file_id, path, reason from ops.ingest_files where status = 'failed'
        order by first_seen_at desc, path limit 20
        """
    ).fetchall()
    return format_table(["failed file", "path", "reason: it …"], rows)


def _reasons(con: duckdb.DuckDBPyConnection) -> str:
    rows = con.execute(
        """
        select
            system || '.' || table_name, coalesce(column_name, ''), reason, count(*),
            min(path || coalesce(':' || cast(line as varchar), ''))
        from ops.ingest_rejects
        where replayed_at is null
        group by all
        order by count(*) desc, 1, 2, 3
        limit 20
        """
    ).fetchall()
    return format_table(["quarantined of", "column", "reason: it …", "records", "for example"], rows)


def _drift(con: duckdb.DuckDBPyConnection) -> str:
    rows = con.execute(
        """
        select system || '.' || table_name, string_agg(member, ', ' order by member)
        from ops.schema_drift
        group by all
        order by all
        """
    ).fetchall()
    return format_table(["table", "members that its contract does not have"], rows)


def format_table(heading: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Rows under their heading, in columns as wide as they need to be; '' where there are no rows."""
    if not rows:
        return ""
    texts = [[_cell(value) for value in row] for row in rows]
    widths = [max(len(line[i]) for line in [list(heading), *texts]) for i in range(len(heading))]
    numeric = [all(isinstance(row[i], int) for row in rows) for i in range(len(heading))]
    lines = [_line(heading, widths, numeric), _line(["-" * w for w in widths], widths, numeric)]
    return "\n".join([*lines, *(_line(row, widths, numeric) for row in texts)])


def _cell(value: object) -> str:
    text = f"{value:,}" if isinstance(value, int) else "" if value is None else " ".join(str(value).split())
    return text if len(text) <= 100 else text[:99] + "…"


def _line(cells: Sequence[str], widths: Sequence[int], numeric: Sequence[bool]) -> str:
    padded = (c.rjust(w) if n else c.ljust(w) for c, w, n in zip(cells, widths, numeric, strict=True))
    return "  ".join(padded).rstrip()
