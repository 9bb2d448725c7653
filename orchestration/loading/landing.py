"""Landed files: found without following links, opened race-free, known by their content."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestration.home import DataHome
from orchestration.loading.contract_model import SystemContract

UNFINISHED_SUFFIXES = (".tmp", ".part", ".partial", ".crdownload", ".swp")
_CHUNK = 4 * 1024 * 1024


class LandingError(ValueError):
    """A landed path that must not or cannot be read.

    ``reason`` says why without any of the content; the message has an excerpt besides, where one helps.
    """

    def __init__(self, reason: str, excerpt: str = "") -> None:
        super().__init__(reason + excerpt)
        self.reason = reason


class ChangedWhileReadError(LandingError):
    """The file was written to while it was read; it is left for the next run."""


@dataclass(frozen=True)
class LandedFile:
    """A path below ``landing/<system>/<table>/``; ``refusal`` says why it must not be opened, if so."""

    root: Path
    parts: tuple[str, ...]
    bytes: int
    modified_ns: int
    refusal: str | None = None

    @property
    def path(self) -> Path:
        """Absolute path."""
        return self.root.joinpath(*self.parts)

    @property
    def shown(self) -> str:
        """The path below the landing root as one line of valid text: line feeds and other control characters,
        and bytes that are no UTF-8, are written ``\\xNN``.
        """
        text = os.fsencode("/".join(self.parts)).decode("utf-8", "backslashreplace")
        return re.sub(r"[\x00-\x1f\x7f]", lambda found: f"\\x{ord(found[0]):02x}", text)

    @property
    def below_table(self) -> str:
        """The path below the table's folder, which captures are read from."""
        return os.fsencode("/".join(self.parts[2:])).decode("utf-8", "backslashreplace")

    @property
    def name(self) -> str:
        """The file's own name."""
        return self.parts[-1]


def discover(home: DataHome, system: str, table: str) -> list[LandedFile]:
    """Files landed for a table, in the order of their paths; links, devices and pipes come with a refusal.

    Hidden names and names of files that are still being written (``.tmp``, ``.part`` …) are left out.
    """
    found: list[LandedFile] = []
    pending = [(system, table)] if _is_plain_folder(home.landing, system, table) else []
    while pending:
        parts: tuple[str, ...] = pending.pop()
        with os.scandir(home.landing.joinpath(*parts)) as entries:
            for entry in entries:
                if entry.name.startswith(".") or entry.name.lower().endswith(UNFINISHED_SUFFIXES):
                    continue
                status = entry.stat(follow_symlinks=False)
                below = (*parts, entry.name)
                if stat.S_ISDIR(status.st_mode):
                    pending.append(below)  # type: ignore[arg-type]
                    continue
                refusal = (
                    None
                    if stat.S_ISREG(status.st_mode)
                    else f"is {_kind(status.st_mode)}, not a regular file"
                )
                found.append(LandedFile(home.landing, below, status.st_size, status.st_mtime_ns, refusal))
    return sorted(found, key=lambda file: [os.fsencode(part) for part in file.parts])


def unclaimed(home: DataHome, contracts: Mapping[str, SystemContract]) -> list[str]:
    """Names in the landing root that are no system, and folders of a system that no contract reads, as
    ``system/table``, for a warning.
    """
    names: list[str] = []
    for system in sorted(entry.name for entry in _visible(home.landing)):
        if system not in contracts:
            names.append(system)
            continue
        names += sorted(
            f"{system}/{entry.name}"
            for entry in _visible(home.landing, system)
            if entry.is_dir(follow_symlinks=False) and entry.name not in contracts[system].tables
        )
    return names


def misplaced(home: DataHome, system: str) -> list[LandedFile]:
    """What stands where the folder of the system or of one of its tables should, and is none: files that were
    dropped a level too high, and links.
    """
    above = [entry for entry in _visible(home.landing) if entry.name == system]
    places = [(entry, (system,)) for entry in above] + [
        (entry, (system, entry.name)) for entry in _visible(home.landing, system)
    ]
    found: list[LandedFile] = []
    for entry, parts in places:
        status = entry.stat(follow_symlinks=False)
        if not stat.S_ISDIR(status.st_mode):
            kind = "a file" if stat.S_ISREG(status.st_mode) else _kind(status.st_mode)
            refusal = f"is {kind} where the folder of a {'table' if parts[1:] else 'system'} is expected"
            found.append(LandedFile(home.landing, parts, status.st_size, status.st_mtime_ns, refusal))
    return sorted(found, key=lambda file: file.parts)


def _visible(root: Path, *parts: str) -> Iterator[os.DirEntry[str]]:
    """What a folder holds and shows, if it is one that is reached without following a link."""
    if _is_plain_folder(root, *parts):
        with os.scandir(root.joinpath(*parts)) as entries:
            for entry in entries:
                if not entry.name.startswith(".") and not entry.name.lower().endswith(UNFINISHED_SUFFIXES):
                    yield entry


def _is_plain_folder(root: Path, *parts: str) -> bool:
    folder = root
    if not root.is_dir():
        return False
    for part in parts:
        folder = folder / part
        try:
            if not stat.S_ISDIR(folder.lstat().st_mode):
                return False
        except FileNotFoundError:
            return False
    return True


def _kind(mode: int) -> str:
    kinds = (
        (stat.S_ISLNK, "a symbolic link"),
        (stat.S_ISFIFO, "a pipe"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISBLK, "a block device"),
        (stat.S_ISCHR, "a character device"),
    )
    return next((name for test, name in kinds if test(mode)), "something unknown")


def open_landed(file: LandedFile) -> int:
    """A descriptor of the file, opened folder by folder so that no link is followed even if one appears now.

    Raises LandingError where it is not a regular file inside the landing root.
    """
    if any(part in ("", ".", "..") or "/" in part for part in file.parts):
        raise LandingError("leaves the landing folder")
    descriptor = os.open(file.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in file.parts[:-1]:
            deeper = os.open(
                part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=descriptor
            )
            os.close(descriptor)
            descriptor = deeper
        # Without O_NONBLOCK, opening a pipe that appeared meanwhile would wait for ever.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        opened = os.open(file.parts[-1], flags, dir_fd=descriptor)
    except OSError as error:
        raise LandingError(f"cannot be opened: {error.strerror}") from error
    finally:
        os.close(descriptor)
    status = os.fstat(opened)
    if not stat.S_ISREG(status.st_mode):
        os.close(opened)
        raise LandingError(f"is {_kind(status.st_mode)}, not a regular file")
    if (status.st_size, status.st_mtime_ns) != (file.bytes, file.modified_ns):
        os.close(opened)
        raise ChangedWhileReadError("is still being written")
    return opened


def content_hash(descriptor: int) -> str:
    """SHA-256 of all bytes of an open file, in hexadecimal."""
    digest = hashlib.sha256()
    buffer = bytearray(min(_CHUNK, max(os.fstat(descriptor).st_size, 1)))
    view = memoryview(buffer)
    offset = 0
    while read := os.preadv(descriptor, [view], offset):
        digest.update(view[:read])
        offset += read
    return digest.hexdigest()


def place(descriptor: int, file: LandedFile, target: Path) -> None:
    """Give the open file the name ``target`` in the workspace, so that no landed name reaches SQL.

    A hard link costs nothing and is the very file that was opened and hashed; where one is not possible
    (another file system, protected hard links) the bytes are copied.
    """
    opened = os.fstat(descriptor)
    try:
        os.link(file.path, target, follow_symlinks=False)
        linked = target.lstat()
        if (linked.st_dev, linked.st_ino) == (opened.st_dev, opened.st_ino):
            return
        target.unlink()
    except OSError:
        pass
    with os.fdopen(os.dup(descriptor), "rb") as source, target.open("wb") as copy:
        source.seek(0)
        while chunk := source.read(_CHUNK):
            copy.write(chunk)
