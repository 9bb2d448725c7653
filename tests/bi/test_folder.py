"""Generating again gives the same folder; what others put into it is theirs."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from orchestration.bi.command import run
from orchestration.bi.folder import LEDGER, FolderError, write_files
from tests.dbt.project import PROJECT

# Where the tests keep the manifest that they parse once.
ENVIRON = {**os.environ, "METRICS_HOME": str(PROJECT.parent / ".pytest_cache" / "parsed")}


def read(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_writing_again_changes_no_byte_and_what_is_gone_is_removed(tmp_path: Path) -> None:
    folder = tmp_path / "made" / "here"
    assert write_files(folder, {"a.txt": "1", "views/b.txt": "2\r\n", "views/c.txt": "é"}) == [
        "a.txt",
        "views/b.txt",
        "views/c.txt",
    ]
    before, times = read(folder), {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    assert write_files(folder, {"views/c.txt": "é", "views/b.txt": "2\r\n", "a.txt": "1"}) == []
    assert read(folder) == before
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == times
    assert write_files(folder, {"a.txt": "1"}) == ["views/b.txt", "views/c.txt"]
    assert set(read(folder)) == {"a.txt", LEDGER}
    assert not (folder / "views").exists()


def test_a_folder_of_somebody_elses_is_not_written_to(tmp_path: Path) -> None:
    (tmp_path / "report.xlsx").write_text("mine", encoding="utf-8")
    with pytest.raises(FolderError, match=r"not empty and was not generated \(report.xlsx\)"):
        write_files(tmp_path, {"a.txt": "1"}, force=True)
    with pytest.raises(FolderError, match="is a file"):
        write_files(tmp_path / "report.xlsx", {"a.txt": "1"})
    assert read(tmp_path) == {"report.xlsx": "mine"}


def test_a_git_checkout_is_written_to_and_keeps_what_is_not_ours(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    write_files(tmp_path, {"a.txt": "1"})
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    write_files(tmp_path, {"b.txt": "2"})
    assert {**read(tmp_path), LEDGER: ""} == {"b.txt": "2", "mine.txt": "mine", LEDGER: ""}
    assert (tmp_path / ".git").is_dir()


def test_an_edited_file_is_lost_only_by_force(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.txt": "1", "b.txt": "2"})
    (tmp_path / "a.txt").write_text("edited", encoding="utf-8")
    (tmp_path / "c.txt").write_text("mine", encoding="utf-8")
    before = read(tmp_path)
    for files in ({"a.txt": "3"}, {"b.txt": "3"}, {"a.txt": "edited", "b.txt": "2", "c.txt": "ours"}):
        with pytest.raises(FolderError, match=r"changed since: (a|c)\.txt\."):
            write_files(tmp_path, files)
        assert read(tmp_path) == before
    assert write_files(tmp_path, {"a.txt": "3", "b.txt": "2"}, force=True) == ["a.txt"]
    assert read(tmp_path)["c.txt"] == "mine"


def test_an_interrupted_writer_is_followed_by_one_that_finishes(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.txt": "1", "b.txt": "1", "c.txt": "1"})
    # As a killed process leaves it: some files are new, one is gone, the ledger is the old one.
    (tmp_path / "a.txt").write_text("2", encoding="utf-8")
    (tmp_path / "c.txt").unlink()
    assert write_files(tmp_path, {"a.txt": "2", "b.txt": "2"}) == ["b.txt"]
    assert write_files(tmp_path, {"a.txt": "2", "b.txt": "2"}) == []


def test_the_readme_s_commands_write_what_it_says_is_opened(tmp_path: Path) -> None:
    readme = (PROJECT.parent / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"^python3 -m orchestration bi (.+)$", readme, re.MULTILINE)
    assert [command.split()[0] for command in commands] == ["looker", "powerbi", "tableau"]
    written = set()
    for command in commands:
        arguments = command.split()
        out = tmp_path / arguments[arguments.index("--out") + 1]
        arguments[arguments.index("--out") + 1] = str(out)
        assert run(arguments, environ=ENVIRON) == 0
        written |= {path.name for path in out.rglob("*")}
    opened = re.findall(r"`([\w.]+\.(?:lkml|pbip|pbids|tds))`", readme)
    assert len(opened) >= 4
    assert set(opened) <= written


def test_the_command_writes_a_project_and_says_why_it_does_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "tableau"
    arguments = ["tableau", "--out", str(out), "--host", "pg.example", "--port", "6543", "--database", "bi"]
    assert run(arguments, environ=ENVIRON) == 0
    assert "files, " in capsys.readouterr().out
    source = (out / "engineering_metrics.fct_kpi_values.tds").read_text(encoding="utf-8")
    assert 'server="pg.example"' in source
    assert 'port="6543"' in source
    before = read(out)
    assert run(arguments, environ=ENVIRON) == 0
    assert read(out) == before
    assert ", 0 changed" in capsys.readouterr().out

    assert run(["looker", "--out", str(tmp_path)], environ=ENVIRON) == 1
    assert "name another folder" in capsys.readouterr().err
    for wrong in (["qlik", "--out", "q"], ["looker"], ["dbt", "--out", "q"], ["dbt", "--people"]):
        with pytest.raises(SystemExit):
            run(wrong, environ=ENVIRON)
