"""The published DuckDB files: complete, described, replaced whole, and left alone when anything is wrong."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from orchestration.home import DataHome
from orchestration.publishing.files import PublisherBusyError, publisher_lock
from orchestration.publishing.marts import Mart, MartColumn
from orchestration.publishing.published import people_snapshot_path, read_published, snapshot_path
from orchestration.publishing.snapshot import PublicationRefusedError, publish
from orchestration.publishing.verification import PublicationError, read_table_content
from tests.publishing.conftest import (
    COSTS,
    PEOPLE,
    TEAMS,
    describe_run,
    open_file,
    read_newest_build,
    record_build,
)

PUBLISHER = Path(__file__).parent / "publisher.py"
READER = Path(__file__).parent / "reader.py"


def test_the_file_holds_the_marts_in_the_order_of_their_keys(home: DataHome) -> None:
    publish(home, describe_run(home))
    with open_file(snapshot_path(home)) as con:
        assert con.execute("from marts.dim_team").fetchall() == [
            ("ant", 5, None),
            ("lion", 0, Decimal("0.000000001")),
            ("zebra", 3, Decimal("1.5")),
        ]
        days = [day for (day,) in con.execute("select cost_date from fct_costs").fetchall()]
    assert days == sorted(days)
    assert len(days) == 1000


def test_people_are_in_a_file_of_their_own_that_not_everybody_can_read(home: DataHome) -> None:
    publish(home, describe_run(home))
    with open_file(people_snapshot_path(home)) as con:
        assert con.execute("from marts_people.people_spells").fetchall() == [("p_0",), ("p_1",)]
    with open_file(snapshot_path(home)) as con:
        assert con.execute(
            "select count(*) from duckdb_tables() where table_name like 'people%'"
        ).fetchall() == [(0,)]
    assert stat.S_IMODE(people_snapshot_path(home).stat().st_mode) == 0o640
    assert stat.S_IMODE(snapshot_path(home).stat().st_mode) == 0o644


def test_keys_checks_and_comments_go_along(home: DataHome) -> None:
    publish(home, describe_run(home))
    with open_file(snapshot_path(home)) as con:
        constraints = con.execute(
            "select constraint_text from duckdb_constraints() where table_name = 'dim_team' order by all"
        ).fetchall()
        comments = con.execute(
            "select comment from duckdb_tables() where table_name = 'dim_team' union all "
            "select comment from duckdb_columns() where table_name = 'dim_team' order by all"
        ).fetchall()
        undescribed = con.execute(
            "select table_name, column_name from duckdb_columns() where not internal and comment is null"
        ).fetchall()
    assert [text for (text,) in constraints] == [
        "CHECK((members >= 0))",
        "NOT NULL",
        "PRIMARY KEY(team_id)",
    ]
    assert [text for (text,) in comments] == [
        "Money",
        "One row per team; it's described.",
        "People in it",
        "Team",
    ]
    assert undescribed == []


def test_a_mart_that_is_a_view_is_published_as_a_described_table(home: DataHome) -> None:
    large = Mart(
        name="kpi_large_records",
        description="One row per team of three and more.",
        columns=(MartColumn("team_id", "VARCHAR", "Team"),),
        primary_key=(),
        systems=frozenset({"catalogue"}),
    )
    with duckdb.connect(home.warehouse) as con:
        con.execute(
            """create view marts.kpi_large_records as select team_id from marts.dim_team where members >= 3;
            comment on view marts.kpi_large_records is 'One row per team of three and more.';
            comment on column marts.kpi_large_records.team_id is 'Team'"""
        )
    publish(home, replace(describe_run(home), marts=(COSTS, TEAMS, large)))
    with open_file(snapshot_path(home)) as con:
        assert con.execute("from marts.kpi_large_records").fetchall() == [("ant",), ("zebra",)]
        assert con.execute(
            "select comment from duckdb_tables() where table_name = 'kpi_large_records'"
        ).fetchall() == [(large.description,)]


def test_meta_publication_says_what_lies_before_the_reader(home: DataHome) -> None:
    publish(home, describe_run(home))
    with open_file(snapshot_path(home)) as con:
        rows = con.execute(
            "select table_name, run_id, build_id, published_at, as_of_date, data_through, code_version, "
            "row_count from marts.meta_publication order by table_name"
        ).fetchall()
    common = ("run-1", read_newest_build(home), datetime(2026, 7, 1, 5), date(2026, 6, 30))
    # dim_team comes from two systems: the one that has delivered less far says how far its rows reach.
    assert rows == [
        ("dim_team", *common, datetime(2026, 6, 28, 10), "code", 3),
        ("fct_costs", *common, None, "code", 1000),
    ]


def test_the_storage_format_is_the_one_that_duckdb_1_2_reads(home: DataHome) -> None:
    publish(home, describe_run(home))
    for path in (snapshot_path(home), people_snapshot_path(home)):
        with open_file(path) as con:
            ((options,),) = con.execute("select tags from duckdb_databases() where not internal").fetchall()
        assert options["storage_version"] == "v1.2.0+"


def test_the_same_inputs_give_equal_tables(home: DataHome) -> None:
    first = publish(home, describe_run(home))
    with open_file(snapshot_path(home)) as con:
        before = [con.execute(f"from {mart.name}").fetchall() for mart in (TEAMS, COSTS)]
    with duckdb.connect(home.warehouse) as con:  # the same rows, in another order and in other blocks
        con.execute("create table t as from marts.fct_costs; delete from marts.fct_costs")
        con.execute("insert into marts.fct_costs from t order by hash(seen_at)")
    second = publish(home, describe_run(home, run_id="run-2"))
    with open_file(snapshot_path(home)) as con:
        assert [con.execute(f"from {mart.name}").fetchall() for mart in (TEAMS, COSTS)] == before
    assert second.contents == first.contents
    assert second.people_contents == first.people_contents


def test_the_publication_before_is_kept(home: DataHome) -> None:
    publish(home, describe_run(home))
    with duckdb.connect(home.warehouse) as con:
        con.execute("delete from marts.dim_team where team_id = 'ant'")
    publish(home, describe_run(home, run_id="run-2"))
    with open_file(home.published / "marts.previous.duckdb") as con:
        assert con.execute("select count(*) from dim_team").fetchall() == [(3,)]
    with open_file(snapshot_path(home)) as con:
        assert con.execute("select count(*) from dim_team").fetchall() == [(2,)]
    people = home.published / "marts_people.previous.duckdb"
    assert stat.S_IMODE(people.stat().st_mode) == 0o640


def test_a_failed_check_publishes_nothing(home: DataHome) -> None:
    publish(home, describe_run(home))
    before = identify(home)
    with pytest.raises(PublicationRefusedError, match="cost_adds_up"):
        publish(home, describe_run(home, run_id="run-2", failed_checks=("cost_adds_up",)))
    assert identify(home) == before


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ("comment on column marts.dim_team.members is null", r"dim_team: column \('members', 'BIGINT', ''\)"),
        ("comment on table marts.fct_costs is 'something else'", "fct_costs with comment 'One row per day.'"),
        (
            "alter table marts.fct_costs alter seen_at type varchar",
            r"fct_costs: column \('seen_at', 'VARCHAR'",
        ),
        ("drop table marts.fct_costs", "marts.fct_costs is not in the warehouse"),
        ("alter table marts.fct_costs drop seen_at", "marts.fct_costs in the warehouse lacks seen_at"),
        (
            "create or replace table marts.dim_team as from marts.dim_team",
            "dim_team",
        ),
    ],
)
def test_a_mart_that_breaks_its_contract_leaves_the_last_publication(
    home: DataHome, damage: str, message: str
) -> None:
    publish(home, describe_run(home))
    before = identify(home)
    with duckdb.connect(home.warehouse) as con:
        con.execute(damage)
    with pytest.raises(PublicationError, match=message):
        publish(home, describe_run(home, run_id="run-2"))
    assert identify(home) == before
    assert list(home.published.glob(".marts-*")) == []


def test_a_half_built_warehouse_is_not_published(home: DataHome) -> None:
    run = describe_run(home)
    publish(home, run)
    before = identify(home)
    half = record_build(home, finished=False)
    with pytest.raises(PublicationRefusedError, match=rf"{half} \(not finished\)"):
        publish(home, replace(run, run_id="run-2"))
    other = record_build(home)
    with pytest.raises(
        PublicationRefusedError, match=f"should hold build {run.build_id}, its newest is {other}"
    ):
        publish(home, replace(run, run_id="run-2"))
    assert identify(home) == before


def test_a_reader_sees_whole_publications_only_and_never_stands_in_the_way(home: DataHome) -> None:
    """Twenty publications under one reader that opens, counts and closes all the time, and one that stays."""
    publish(home, describe_run(home))
    staying = open_file(snapshot_path(home))
    reader = subprocess.Popen(
        [sys.executable, str(READER), str(snapshot_path(home))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert reader.stdout is not None
    assert reader.stdout.readline() == "reading\n"
    for generation in range(1, 21):
        with duckdb.connect(home.warehouse) as con:
            con.execute("update marts.dim_team set members = ?", [generation])
            con.execute("delete from marts.fct_costs")
            con.execute(
                "insert into marts.fct_costs select date '2026-01-01', null from range(?)", [generation]
            )
        publish(home, describe_run(home, run_id=f"run-{generation + 1}"))
    out, _ = reader.communicate("stop\n", timeout=60)
    assert reader.returncode == 0, out
    generations = [int(line) for line in out.split()]
    assert generations == sorted(generations)
    assert generations[-1] == 20
    assert len(set(generations)) > 5
    # Who had the file open when it was replaced still reads what it was.
    assert staying.execute("select sum(members) from dim_team").fetchall() == [(8,)]
    staying.close()


def test_a_publisher_killed_at_any_instant_leaves_a_file_that_can_be_read(home: DataHome) -> None:
    with duckdb.connect(home.warehouse) as con:  # enough to be in the middle of something
        con.execute(
            "insert into marts.fct_costs select date '2026-01-01', timestamp '2026-01-01' + to_seconds(i) "
            "from range(300000) as t (i)"
        )
    publish(home, describe_run(home))
    kills = 0
    for instant in range(8):
        publisher = subprocess.Popen(
            [sys.executable, str(PUBLISHER), str(home.root), f"killed-{instant}"],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert publisher.stdout is not None
        assert publisher.stdout.readline() == "publishing\n"
        time.sleep(instant * 0.08)
        publisher.send_signal(signal.SIGKILL)
        kills += publisher.wait() == -signal.SIGKILL
        published = read_published(home)
        with open_file(snapshot_path(home)) as con:
            assert con.execute("select count(*) from fct_costs").fetchall() == [(301000,)]
        assert published is None or published.tables == 2
    assert kills >= 4
    publish(home, describe_run(home, run_id="after"))
    published = read_published(home)
    assert published is not None
    assert published.run_id == "after"
    assert list(home.published.glob(".marts-*")) == []


def test_a_second_publisher_is_told_who_publishes(home: DataHome) -> None:
    pid = os.fork()
    if pid == 0:  # a process of its own: locks are between processes
        with publisher_lock(home.published / ".lock", "publication of run other"):
            time.sleep(30)
        os._exit(0)
    try:
        deadline = time.monotonic() + 20
        while not (home.published / ".lock").exists() or not (home.published / ".lock").read_text():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        with pytest.raises(PublisherBusyError, match=f"publication of run other, process {pid}"):
            publish(home, describe_run(home))
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    publish(home, describe_run(home))


def test_files_of_two_publications_count_as_none(home: DataHome) -> None:
    """A publisher killed between its renames leaves people newer than marts: the next run publishes again."""
    publish(home, describe_run(home))
    old = snapshot_path(home).read_bytes()
    publish(home, describe_run(home, run_id="run-2"))
    snapshot_path(home).write_bytes(old)
    assert read_published(home) is None


def test_the_checksum_tells_rows_apart_but_not_their_order() -> None:
    def sum_up(*rows: str) -> str:
        with duckdb.connect() as con:
            con.execute("create table t (person_id varchar, other varchar)")
            for row in rows:
                con.execute(f"insert into t values {row}")
            mart = replace(PEOPLE, columns=(*PEOPLE.columns, replace(PEOPLE.columns[0], name="other")))
            return read_table_content(con, "t", mart).checksum

    assert sum_up("('a', 'b')", "('c', 'd')") == sum_up("('c', 'd')", "('a', 'b')")
    contents = [
        sum_up("('a', 'b')"),
        sum_up("('a', 'b')", "('a', 'b')"),
        sum_up("('ab', '')"),
        sum_up("('ab', null)"),
        sum_up("('', 'ab')"),
        sum_up("(null, 'ab')"),
        sum_up("('b', 'a')"),
        sum_up(),
    ]
    assert len(set(contents)) == len(contents)


def identify(home: DataHome) -> list[tuple[str, int, int]]:
    """What stands published, so that a replaced file of equal content is another one."""
    files = (snapshot_path(home), people_snapshot_path(home))
    return [(path.name, path.stat().st_ino, path.stat().st_mtime_ns) for path in files]
