"""Compressed files, unpacked as a stream under limits: size, ratio, members, nesting."""

from __future__ import annotations

import hashlib
import os
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import zstandard

from orchestration.loading.landing import LandingError

_CHUNK = 1024 * 1024
GZIP_MAGIC, ZSTD_MAGIC, ZIP_MAGIC = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PK\x03\x04"
# Workbooks are zip files by build; they are read as workbooks, not unpacked.
WORKBOOK_SUFFIXES = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")


@dataclass(frozen=True)
class Limits:
    """What a landed file may cost to read; beyond a limit the file fails with a reason."""

    unpacked_bytes: int = 32 * 1024**3
    ratio: int = 200
    ratio_free_bytes: int = 256 * 1024**2  # small files may compress well: the ratio counts beyond this
    members: int = 10_000
    nesting: int = 3
    line_bytes: int = 16 * 1024**2
    document_bytes: int = 512 * 1024**2
    parsed_bytes: int = 64 * 1024**2  # YAML and XML, which are parsed in Python
    workbook_bytes: int = 1024**3  # unpacked: its cells are held in memory
    depth: int = 100
    cells: int = 20_000_000


@dataclass
class _Budget:
    limits: Limits
    packed: int
    written: int = 0
    members: int = 0
    digest: hashlib._Hash = field(default_factory=hashlib.sha256)

    def spend(self, count: int) -> None:
        self.written += count
        if self.written > self.limits.unpacked_bytes:
            raise LandingError(f"unpacks to more than {self.limits.unpacked_bytes} bytes")
        if self.written > self.limits.ratio_free_bytes + self.limits.ratio * self.packed:
            raise LandingError(f"unpacks to more than {self.limits.ratio} times its size")


@dataclass(frozen=True)
class Member:
    """A plain file that came out of a landed one; ``name`` is the name it had, without .gz or .zst."""

    name: str
    path: Path


def is_packed(head: bytes, name: str) -> bool:
    """Whether a file that starts with ``head`` has to be unpacked."""
    if head.startswith(ZIP_MAGIC) or head.startswith(b"PK\x05\x06"):
        return not name.lower().endswith(WORKBOOK_SUFFIXES)
    return head.startswith((GZIP_MAGIC, ZSTD_MAGIC))


def unpack(source: IO[bytes], name: str, folder: Path, limits: Limits) -> tuple[list[Member], str]:
    """Unpack into ``folder``; the plain members in the order of their names, and the SHA-256 of the content.

    The hash of a .gz or .zst is that of what is inside, so that the same export counts once whether it comes
    compressed or plain. Raises LandingError for a limit, damage, encryption.
    """
    folder.mkdir(parents=True)
    budget = _Budget(limits, os.fstat(source.fileno()).st_size)
    members = list(_unpack(source, name, folder, budget, 0))
    return members, budget.digest.hexdigest()


def _unpack(source: IO[bytes], name: str, folder: Path, budget: _Budget, depth: int) -> Iterator[Member]:
    head = source.read(4)
    source.seek(0)
    if not is_packed(head, name):
        yield _store(_chunks(source), name, folder, budget)
        return
    if depth >= budget.limits.nesting:
        raise LandingError(f"is packed more than {budget.limits.nesting} times over")
    if head.startswith(b"PK"):
        yield from _unpack_zip(source, folder, budget, depth)
        return
    stream = _gunzip(source) if head.startswith(GZIP_MAGIC) else _unzstd(source)
    inner = _inner_name(name)
    first = next(stream, b"")
    if not is_packed(first[:4], inner):
        yield _store(_prepend(first, stream), inner, folder, budget)
        return
    packed = _store(_prepend(first, stream), inner, folder, budget, hashed=False)
    with packed.path.open("rb") as again:
        yield from _unpack(again, inner, folder, budget, depth + 1)
    packed.path.unlink()


def _inner_name(name: str) -> str:
    lowered = name.lower()
    for suffix, replacement in ((".gz", ""), (".gzip", ""), (".zst", ""), (".zstd", ""), (".tgz", ".tar")):
        if lowered.endswith(suffix):
            return name[: -len(suffix)] + replacement
    return name


def _prepend(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _chunks(source: IO[bytes]) -> Iterator[bytes]:
    while chunk := source.read(_CHUNK):
        yield chunk


def _store(chunks: Iterator[bytes], name: str, folder: Path, budget: _Budget, hashed: bool = True) -> Member:
    budget.members += 1
    path = folder / f"{budget.members:08d}"
    with path.open("wb") as target:
        for chunk in chunks:
            budget.spend(len(chunk))
            if hashed:
                budget.digest.update(chunk)
            target.write(chunk)
    return Member(name, path)


def _gunzip(source: IO[bytes]) -> Iterator[bytes]:
    pending = source.read(_CHUNK)
    while pending:
        stream = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        more_inside = False
        while not stream.eof:
            if not pending and not more_inside and not (pending := source.read(_CHUNK)):
                raise LandingError("is damaged: the compressed data ends too early")
            try:
                chunk = stream.decompress(pending, _CHUNK)
            except zlib.error as error:
                raise LandingError(f"is damaged: {error}") from error
            pending, more_inside = stream.unconsumed_tail, len(chunk) == _CHUNK
            if chunk:
                yield chunk
        # Several gzip members may follow each other, and tape-minded tools pad the last one with zeros.
        pending = (stream.unused_data or source.read(_CHUNK)).lstrip(b"\0")


def _unzstd(source: IO[bytes]) -> Iterator[bytes]:
    # A zstd block of 4 bytes can hold 128 KiB, so little is fed at a time: at most 64 MiB come out at once.
    decompressor = zstandard.ZstdDecompressor(max_window_size=128 * 1024**2)
    pending = source.read(2048)
    while pending:
        stream = decompressor.decompressobj()
        while not stream.eof:
            try:
                chunk = stream.decompress(pending)
            except zstandard.ZstdError as error:
                raise LandingError(f"is damaged: {error}") from error
            if chunk:
                yield chunk
            if not stream.eof and not (pending := source.read(2048)):
                raise LandingError("is damaged: the compressed data ends too early")
        pending = stream.unused_data or source.read(2048)


def _unpack_zip(source: IO[bytes], folder: Path, budget: _Budget, depth: int) -> Iterator[Member]:
    try:
        with zipfile.ZipFile(source) as archive:
            entries = sorted((e for e in archive.infolist() if not e.is_dir()), key=lambda e: e.filename)
            if len(entries) + budget.members > budget.limits.members:
                raise LandingError(f"has more than {budget.limits.members} members")
            if sum(e.file_size for e in entries) > budget.limits.unpacked_bytes:
                raise LandingError(f"unpacks to more than {budget.limits.unpacked_bytes} bytes")
            for entry in entries:
                base = entry.filename.rsplit("/", 1)[-1]
                if base.startswith(".") or entry.filename.startswith("__MACOSX/"):
                    continue
                if entry.flag_bits & 1:
                    raise LandingError(f"member {entry.filename!r} is encrypted")
                with archive.open(entry) as stream:
                    stored = _store(_chunks(stream), base, folder, budget, hashed=False)
                with stored.path.open("rb") as again:
                    packed = is_packed(again.read(4), base)
                    again.seek(0)
                    if packed:
                        yield from _unpack(again, base, folder, budget, depth + 1)
                        stored.path.unlink()
                        continue
                    budget.digest.update(f"{base}\0{entry.file_size}\0".encode())
                    for chunk in _chunks(again):
                        budget.digest.update(chunk)
                yield stored
    # NotImplementedError is zipfile's word for a compression that it does not know.
    except (zipfile.BadZipFile, NotImplementedError, EOFError, zlib.error) as error:
        raise LandingError(f"is damaged: {error}") from error
