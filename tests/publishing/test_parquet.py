"""The marts as Parquet: equal to the snapshot, rewritten only where something changed."""

from __future__ import annotations

import duckdb

from orchestration.home import DataHome
from orchestration.publishing.parquet import parquet_path, publish_parquet
from orchestration.publishing.published import snapshot_path
from orchestration.publishing.snapshot import publish
from tests.publishing.conftest import describe_run, record_build


def test_each_mart_is_one_file_equal_to_its_table(home: DataHome) -> None:
    publish(home, describe_run(home))
    assert publish_parquet(home, "run-1") == {"dim_team": 3, "fct_costs": 1000, "meta_publication": 2}
    with duckdb.connect(snapshot_path(home), read_only=True) as con:
        for mart in ("dim_team", "fct_costs", "meta_publication"):
            folder = home.published / "parquet" / mart
            assert (
                con.execute(f"from '{folder}/*.parquet'").fetchall() == con.execute(f"from {mart}").fetchall()
            )
    assert sorted(path.name for path in (home.published / "parquet").rglob("*") if path.is_file()) == [
        "dim_team.parquet",
        "fct_costs.parquet",
        "meta_publication.parquet",
    ]


def test_person_level_tables_are_not_among_them(home: DataHome) -> None:
    publish(home, describe_run(home))
    publish_parquet(home, "run-1")
    assert not (home.published / "parquet" / "people_spells").exists()


def test_the_same_mart_gives_the_same_bytes(home: DataHome) -> None:
    publish(home, describe_run(home))
    publish_parquet(home, "run-1")
    before = parquet_path(home, "fct_costs").read_bytes()
    parquet_path(home, "fct_costs").unlink()
    publish_parquet(home, "run-1")
    assert parquet_path(home, "fct_costs").read_bytes() == before


def test_a_mart_that_did_not_change_is_left_alone(home: DataHome) -> None:
    publish(home, describe_run(home))
    publish_parquet(home, "run-1")
    before = parquet_path(home, "fct_costs").stat().st_ino
    with duckdb.connect(home.warehouse) as con:
        con.execute("delete from marts.dim_team where team_id = 'ant'")
    record_build(home)
    publish(home, describe_run(home, run_id="run-2"))
    assert publish_parquet(home, "run-2") == {"dim_team": 2, "meta_publication": 2}
    assert parquet_path(home, "fct_costs").stat().st_ino == before


def test_a_damaged_file_is_written_again(home: DataHome) -> None:
    publish(home, describe_run(home))
    publish_parquet(home, "run-1")
    parquet_path(home, "dim_team").write_bytes(b"PAR1 and then nothing")
    assert publish_parquet(home, "run-1") == {"dim_team": 3}
    assert publish_parquet(home, "run-1") == {}


def test_a_mart_that_is_gone_takes_its_folder_along(home: DataHome) -> None:
    publish(home, describe_run(home))
    publish_parquet(home, "run-1")
    run = describe_run(home, run_id="run-2")
    publish(home, describe_run(home, run_id="run-2", marts=run.marts[:1]))
    publish_parquet(home, "run-2")
    assert not (home.published / "parquet" / "fct_costs").exists()
    assert parquet_path(home, "dim_team").exists()
