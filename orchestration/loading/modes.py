"""How deliveries combine: which rows of the stage reach the raw table, and which rows of it they replace.

Every rule is an order over versions that does not know which file came first, so the order of loading does
not matter. ``settle`` leaves in the temporary table ``beaten`` the stage rows that are not loaded, and why.
"""

# ruff: noqa: S608  names come from one quoting function or are made here, values are parameters

from __future__ import annotations

import duckdb

from orchestration.loading.contract_model import TableContract
from orchestration.loading.identifiers import quote
from orchestration.loading.staging import STAGE

_GOOD = f"""
    select stage.*, stage.rowid as rid, files.file_id, files.delivered_at
    from {STAGE} as stage
    inner join batch_files as files on stage._file = files.number
    where stage._state is null and files.failure is null"""


def settle(con: duckdb.DuckDBPyConnection, table: TableContract) -> None:
    """Decide between the rows of the stage and those of the raw table, and remove the latter that lose.

    Runs inside the caller's transaction; the ledger's counters of the files that lose rows are moved.
    """
    con.execute("create or replace temp table beaten (rid bigint, reason string)")
    con.execute("create or replace temp table losing (rid bigint, file_id string, reason string)")
    if table.load.mode in ("merge", "append"):
        _settle_by_key(con, table)
    else:
        _settle_by_delivery(con, table)
    _remove_losing(con, table)


def _position(table: TableContract, name: str) -> str:
    return f"v{[column.name for column in table.stored].index(name) + 1}"


def _matches(table: TableContract, names: tuple[str, ...], left: str, right: str) -> str:
    """SQL: are the columns equal? ``right`` has them under their positions, ``left`` under their names."""
    pairs = []
    for name in names:
        operator = "=" if table.column(name).options.required else "is not distinct from"
        pairs.append(f"{left}.{quote(name)} {operator} {right}.{_position(table, name)}")
    return " and ".join(pairs) or "true"


def _content(names: list[str]) -> str:
    """SQL of a hash over a row's values, null told apart from empty text."""
    texts = ", ".join(f"coalesce('=' || cast({name} as varchar), '')" for name in names)
    return f"md5(concat_ws(chr(31), {texts}))"


def _settle_by_key(con: duckdb.DuckDBPyConnection, table: TableContract) -> None:
    raw, keys = quote(table.schema, table.name), [_position(table, name) for name in table.load.key]
    listed = ", ".join(keys)
    in_raw = _matches(table, table.load.key, "raw", "good")
    con.execute(
        f"""
        create or replace temp table contested as
        select {listed} from ({_GOOD}) group by {listed} having count(*) > 1
        union
        select {listed} from ({_GOOD}) as good semi join {raw} as raw on {in_raw}
        """
    )
    (contested,) = con.execute("select count(*) from contested").fetchone() or (0,)
    if not contested:
        return
    cursor = _position(table, table.load.cursor) if table.load.cursor else "null"
    raw_cursor = f"raw.{quote(table.load.cursor)}" if table.load.cursor else "null"
    # Without a cursor the later delivery is the better knowledge; of events nothing is better than another.
    dated = table.load.mode == "merge" and table.load.cursor is None
    same = " and ".join(f"contested.{key} is not distinct from good.{key}" for key in keys)
    staged_content = _content([f"good.v{i}" for i in range(1, len(table.stored) + 1)])
    raw_keys = ", ".join(f"raw.{quote(name)}" for name in table.load.key)
    con.execute(
        f"""
        create or replace temp table ranked as
        select
            origin, rid, file_id, content,
            row_number() over versions as place,
            first_value(content) over versions as best
        from (
            select
                1 as origin, good.rid, good.file_id, {staged_content} as content,
                {", ".join(f"good.{key}" for key in keys)}, {cursor.replace("v", "good.v", 1)} as cursor,
                {"good.delivered_at" if dated else "null"} as delivered
            from ({_GOOD}) as good
            inner join contested on {same}
            union all
            select
                0, raw.rowid, raw._file_id, {_content([f"raw.{quote(c.name)}" for c in table.stored])},
                {raw_keys}, {raw_cursor}, {"ledger.delivered_at" if dated else "null"}
            from {raw} as raw
            inner join contested on {_matches(table, table.load.key, "raw", "contested")}
            left join ops.ingest_files as ledger on raw._file_id = ledger.file_id
        )
        window versions as (
            partition by {listed}
            order by cursor desc nulls last, delivered desc nulls last, content desc, origin, file_id, rid
        )
        """
    )
    lost = "place > 1 and origin ="
    reason = "case when content = best then 'duplicate' else 'superseded' end"
    con.execute(f"insert into beaten select rid, {reason} from ranked where {lost} 1")
    con.execute(f"insert into losing select rid, file_id, {reason} from ranked where {lost} 0")
    con.execute("drop table ranked")


def _settle_by_delivery(con: duckdb.DuckDBPyConnection, table: TableContract) -> None:
    names = table.load.partition
    positions = [_position(table, name) for name in names]
    listed = "".join(f"{p}, " for p in positions)
    texts = ", ".join(f"cast({p} as varchar)" for p in positions)
    partition_key = f"cast(to_json([{texts}]) as varchar)" if positions else "'[]'"
    whole = "" if positions else "union select delivered_at from batch_files where failure is null"
    con.execute(
        f"""
        create or replace temp table offers as
        select {listed} delivered_at, {partition_key} as partition_key
        from (select distinct {listed} delivered_at from ({_GOOD}) {whole})
        """
    )
    con.execute(
        """
        create or replace temp table standing as
        select
            offered.partition_key, deliveries.delivered_at as held,
            greatest(offered.newest, coalesce(deliveries.delivered_at, offered.newest)) as newest
        from (select partition_key, max(delivered_at) as newest from offers group by partition_key) as offered
        left join ops.deliveries as deliveries
            on deliveries.system = $system
            and deliveries.table_name = $name
            and deliveries.partition_key = offered.partition_key
        """,
        {"system": table.system, "name": table.name},
    )
    same = " and ".join(f"good.{p} is not distinct from offers.{p}" for p in positions) or "true"
    con.execute(
        f"""
        insert into beaten
        select good.rid, 'superseded'
        from ({_GOOD}) as good
        inner join (
            select offers.*
            from offers
            inner join standing on offers.partition_key = standing.partition_key
            where offers.delivered_at < standing.newest
        ) as offers on offers.delivered_at = good.delivered_at and {same}
        """
    )
    con.execute(
        f"""
        insert into losing
        select raw.rowid, raw._file_id, 'superseded'
        from {quote(table.schema, table.name)} as raw
        semi join (
            select distinct {listed or "1 as one,"} standing.partition_key
            from offers
            inner join standing on offers.partition_key = standing.partition_key
            where standing.held < standing.newest
        ) as replaced on {_matches_nullable(table, names)}
        """
    )
    con.execute(
        """
        delete from ops.deliveries
        where system = $system and table_name = $name
            and partition_key in (select partition_key from standing)
        """,
        {"system": table.system, "name": table.name},
    )
    con.execute(
        """
        insert into ops.deliveries (system, table_name, partition_key, delivered_at)
        select $system, $name, partition_key, newest from standing
        """,
        {"system": table.system, "name": table.name},
    )


def _matches_nullable(table: TableContract, names: tuple[str, ...]) -> str:
    pairs = (f"raw.{quote(name)} is not distinct from replaced.{_position(table, name)}" for name in names)
    return " and ".join(pairs) or "true"


def _remove_losing(con: duckdb.DuckDBPyConnection, table: TableContract) -> None:
    (count,) = con.execute("select count(*) from losing").fetchone() or (0,)
    if not count:
        return
    con.execute(f"delete from {quote(table.schema, table.name)} where rowid in (select rid from losing)")
    con.execute(
        """
        update ops.ingest_files as ledger
        set
            rows_loaded = ledger.rows_loaded - lost.duplicate - lost.superseded,
            rows_duplicate = ledger.rows_duplicate + lost.duplicate,
            rows_superseded = ledger.rows_superseded + lost.superseded
        from (
            select
                file_id,
                count(*) filter (where reason = 'duplicate') as duplicate,
                count(*) filter (where reason = 'superseded') as superseded
            from losing
            group by file_id
        ) as lost
        where ledger.file_id = lost.file_id
        """
    )
