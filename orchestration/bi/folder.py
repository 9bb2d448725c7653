"""A folder of generated files that may be generated again, and in which nothing else is touched.

Not swapped as a whole: it may be a git checkout (Looker reads one), and other files may lie in it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from orchestration.durable import replace_text

# Names what was generated, with the digest of each file: so the next time knows what is ours, and unchanged.
LEDGER = ".generated.json"


class FolderError(RuntimeError):
    """A folder that may not be written to; says which file is in the way and what to do."""


def write_files(folder: Path, files: Mapping[str, str], *, force: bool = False) -> list[str]:
    """Makes ``folder`` hold ``files`` (path in the folder, content); returns the paths that changed.

    Each file is replaced in one step, and the ledger comes last: after an interruption the same call
    finishes the work. Generated files that are no longer among ``files`` go. Raises FolderError, before
    anything is written, where the folder has visible files and was not generated, where a file stands in the
    way, or where a generated file was edited since; ``force`` overrides the last two.
    """
    known = _read_ledger(folder)
    digests = {path: hashlib.sha256(text.encode()).hexdigest() for path, text in files.items()}
    if not force:
        in_the_way = sorted(
            path
            for path in {*files, *known}
            if (found := _digest_of(folder / path)) is not None
            and found not in (known.get(path), digests.get(path))
        )
        if in_the_way:
            raise FolderError(
                f"{folder} has files that were not generated, or were changed since: "
                f"{', '.join(in_the_way)}. Move them, or run again with --force to lose them"
            )
    changed = [path for path in sorted(files) if _digest_of(folder / path) != digests[path]]
    for path in changed:
        replace_text(folder / path, files[path])
    gone = [path for path in sorted(set(known) - set(files)) if (folder / path).is_file()]
    for path in gone:
        (folder / path).unlink()
        _remove_empty_folders((folder / path).parent, folder)
    if known != digests:
        replace_text(folder / LEDGER, json.dumps(digests, indent=2, sort_keys=True) + "\n")
    return changed + gone


def _read_ledger(folder: Path) -> dict[str, str]:
    if not folder.exists():
        return {}
    if not folder.is_dir():
        raise FolderError(f"{folder} is a file, not a folder")
    ledger = folder / LEDGER
    if ledger.is_file():
        known: dict[str, str] = json.loads(ledger.read_text(encoding="utf-8"))
        return known
    # A fresh git checkout has a .git and perhaps a .gitignore: that is no reason to refuse.
    if visible := sorted(path.name for path in folder.iterdir() if not path.name.startswith(".")):
        raise FolderError(
            f"{folder} is not empty and was not generated ({', '.join(visible[:3])}): name another folder"
        )
    return {}


def _remove_empty_folders(folder: Path, root: Path) -> None:
    while folder != root and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent


def _digest_of(path: Path) -> str | None:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None
