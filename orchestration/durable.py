"""Writing files so that a crash leaves the old one or the new one, never half of either."""

from __future__ import annotations

import os
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Make renames inside ``folder`` survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def replace_file(new: Path, target: Path) -> None:
    """Put ``new`` in the place of ``target`` in one step: synced, renamed, folder synced.

    Both must be on one file system. Who has the old file open keeps it; who opens afterwards sees the new
    one. There is no instant at which ``target`` is missing or half written.
    """
    with new.open("rb") as file:
        os.fsync(file.fileno())
    new.replace(target)
    sync_folder(target.parent)


def replace_text(path: Path, text: str, mode: int = 0o644) -> None:
    """Put ``text`` at ``path`` in one step; what killed writers of ``path`` left beside it goes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    replace_file(aside, path)
    for left in path.parent.iterdir():
        if left.name.startswith(f".{path.name}.") and left.suffix == ".part" and not _is_written(left):
            left.unlink(missing_ok=True)


def is_running(process: int) -> bool:
    """Whether a process of this number exists on this machine."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _is_written(aside: Path) -> bool:
    number = aside.suffixes[-2].removeprefix(".")
    return not number.isdigit() or is_running(int(number))
