"""Which state of a landing folder was last offered to the loader, so that a sensor sees what came since."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from orchestration.durable import replace_text
from orchestration.home import DataHome


@dataclass(frozen=True)
class FolderState:
    """Files of a folder: their number, their bytes, and a signature of their paths, sizes and times."""

    files: int
    bytes: int
    signature: str


def read_folder_state(folder: Path) -> FolderState:
    """State of all files below ``folder``, without opening any; an absent folder is an empty one."""
    digest = hashlib.sha256()
    files = size = 0
    for path, status in sorted(_walk(folder)):
        files += 1
        size += status[0]
        digest.update(f"{path}\0{status}\0".encode())
    return FolderState(files, size, digest.hexdigest()[:16])


def note_offered(home: DataHome, system: str, state: FolderState) -> None:
    """Notes that the loader is about to see this state of ``landing/<system>``."""
    replace_text(_note_path(home, system), state.signature)


def read_offered(home: DataHome, system: str) -> str | None:
    """Signature of the state that the loader last saw; None if it has never looked."""
    path = _note_path(home, system)
    return path.read_text(encoding="utf-8") if path.exists() else None


def _note_path(home: DataHome, system: str) -> Path:
    return home.root / "offered" / system


def _walk(folder: Path) -> Iterator[tuple[str, tuple[int, int]]]:
    for parent, _, names in os.walk(folder):
        for name in names:
            path = Path(parent) / name
            try:
                status = path.lstat()
            except FileNotFoundError:
                continue  # moved away while we looked: the next look sees it so
            yield path.relative_to(folder).as_posix(), (status.st_size, status.st_mtime_ns)
