"""Durable writes, and what killed writers leave behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from orchestration.durable import replace_text
from orchestration.publishing.files import publish_file


def test_what_a_killed_writer_left_goes_with_the_next_writing(tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    path = tmp_path / "STATUS.json"
    left, living = tmp_path / f".STATUS.json.{dead.pid}.part", tmp_path / f".STATUS.json.{os.getppid()}.part"
    for aside in (left, living):
        aside.write_text("half")
    replace_text(path, "whole")
    assert path.read_text() == "whole"
    assert sorted(tmp_path.iterdir()) == [living, path]


def test_a_publisher_killed_between_the_two_renames_leaves_no_third_file(tmp_path: Path) -> None:
    """A rename onto another name of the same file does nothing, and so left the link for ever."""
    target, previous, new = tmp_path / "marts", tmp_path / "marts.previous", tmp_path / "new"
    target.write_text("yesterday")
    previous.hardlink_to(target)
    new.write_text("today")
    publish_file(new, target, 0o640, previous)
    assert (target.read_text(), previous.read_text()) == ("today", "yesterday")
    assert target.stat().st_mode & 0o777 == 0o640
    assert sorted(tmp_path.iterdir()) == [target, previous]
