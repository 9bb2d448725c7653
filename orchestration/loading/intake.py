"""From landed files to candidates: what is new, what it is, where the reader finds it."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from orchestration.loading.archives import Limits, Member, is_packed, unpack
from orchestration.loading.contract_model import TableContract
from orchestration.loading.formats import Part, recognise
from orchestration.loading.headers import map_headers, map_members
from orchestration.loading.landing import (
    ChangedWhileReadError,
    LandedFile,
    LandingError,
    content_hash,
    open_landed,
    place,
)
from orchestration.loading.paths import parse_delivery_time
from orchestration.loading.relations import is_record
from orchestration.loading.warehouse import escape_glob

# Files of this size take longer to hash than a thread takes to start.
_HASHED_EARLY_BYTES = 16 * 1024**2


class HashInBackground:
    """The content hash of an open file, computed in a thread (hashing needs no interpreter lock)."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = os.dup(descriptor)
        self._result: str | OSError | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._result = content_hash(self._descriptor)
        except OSError as error:
            self._result = error
        finally:
            os.close(self._descriptor)

    def result(self) -> str:
        """The hash, once it is there; raises OSError where the file could not be read."""
        self._thread.join()
        if not isinstance(self._result, str):
            raise self._result or OSError("hashing ended without a result")
        return self._result


@dataclass
class Candidate:
    """A landed file that the ledger does not know; ``failure`` says why it cannot be read, if so.

    ``dated`` says that the path gave ``delivered_at``, which otherwise is the file's modification time. Of a
    large file that cannot be known yet ``sha256`` is still being computed, and ``file_id`` is provisional,
    until ``resolve`` is called.
    """

    file: LandedFile
    file_id: str
    sha256: str | None
    captures: Mapping[str, str]
    delivered_at: datetime
    dated: bool
    parts: list[Part] = field(default_factory=list)
    failure: str | None = None
    placed: Path | None = None
    hashing: HashInBackground | None = None

    def resolve(self, table: TableContract) -> None:
        """Wait for the hash of the content, and take on the identity that follows from it."""
        if self.hashing is not None:
            self.sha256 = self.hashing.result()
            self.hashing = None
            self.file_id = identify(table, self.sha256, self.captures)

    @property
    def bytes(self) -> int:
        """Size of what has to be read."""
        return sum(part.bytes for part in self.parts)

    @property
    def format(self) -> str:
        """Format for the ledger, such as ``json_lines``."""
        kinds = dict.fromkeys(part.kind for part in self.parts)
        return "+".join(kinds) or "unknown"

    def is_unchanged(self) -> bool:
        """Whether the file is still as it was when its content was hashed."""
        if self.placed is None:
            return True
        status = self.placed.stat()
        return (status.st_size, status.st_mtime_ns) == (self.file.bytes, self.file.modified_ns)


def identify(table: TableContract, sha256: str, captures: Mapping[str, str]) -> str:
    """The identity of a file: 16 hexadecimal digits over its table, content and captures."""
    text = json.dumps([table.system, table.name, sha256, dict(sorted(captures.items()))])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def take_in(
    table: TableContract,
    file: LandedFile,
    known: set[str],
    target: Path,
    limits: Limits,
    known_sizes: set[int] | None = None,
    deliveries: Mapping[str, datetime] | None = None,
) -> Candidate:
    """Hash, place and recognise a landed file; ``target`` (not yet there) becomes the file, or the folder
    of what it unpacks to.

    ``deliveries`` has the times of deliveries that are named by their path but not dated by it.
    A file whose identity is in ``known`` comes back without parts. A large plain file of a size that is not
    in ``known_sizes`` is most likely new: it is hashed while it is read. Raises ChangedWhileReadError.
    """
    captures = table.path_pattern.captures(file.below_table)
    try:
        delivered_at, dated = _delivery_time(file, captures)
        named = table.path_pattern.delivery(file.below_table)
        if not dated and named is not None:
            delivered_at = (deliveries or {}).get(named, delivered_at)
    except ValueError as error:
        return _refused(table, file, captures, f"has no time of delivery: {error}")
    if file.refusal:
        return _refused(table, file, captures, file.refusal)
    try:
        descriptor = open_landed(file)
    except ChangedWhileReadError:
        raise
    except LandingError as error:
        return _refused(table, file, captures, str(error))
    try:
        packed = is_packed(os.pread(descriptor, 4, 0), file.name)
        members: list[Member] = []
        hashing: HashInBackground | None = None
        large = (
            file.bytes >= _HASHED_EARLY_BYTES and known_sizes is not None and file.bytes not in known_sizes
        )
        try:
            if packed:
                with os.fdopen(os.dup(descriptor), "rb") as source:
                    members, sha256 = unpack(source, file.name, target, limits)
            elif large:
                hashing, sha256 = HashInBackground(descriptor), ""
            else:
                sha256 = content_hash(descriptor)
        except LandingError as error:
            sha256 = content_hash(descriptor)
            identity = identify(table, sha256, captures)
            return Candidate(file, identity, sha256, captures, delivered_at, dated, failure=str(error))
        _check_unchanged(descriptor, file)
        candidate = Candidate(file, identify(table, sha256, captures), sha256, captures, delivered_at, dated)
        if hashing:
            candidate.hashing, candidate.file_id = hashing, f"unresolved {file.shown}"
        if candidate.file_id in known:
            return candidate
        if not packed:
            place(descriptor, file, target)
            members = [Member(file.name, target)]
            candidate.placed = target
    finally:
        os.close(descriptor)
    for member in members:
        try:
            candidate.parts += recognise(member, table, limits)
        except LandingError as error:
            failure = error.reason if table.personal else str(error)
            if len(members) > 1:
                failure = f"holds {'a member' if table.personal else repr(member.name)}, which {failure}"
            candidate.parts, candidate.failure = [], failure
            break
    return candidate


def describe_parquet(con: duckdb.DuckDBPyConnection, table: TableContract, candidate: Candidate) -> None:
    """Fill in what only DuckDB knows of a candidate's Parquet parts: their columns."""
    for position, part in enumerate(candidate.parts):
        if part.kind != "parquet":
            continue
        try:
            rows = con.execute(
                "describe select * from read_parquet($path)", {"path": escape_glob(str(part.path))}
            ).fetchall()
        except (duckdb.InvalidInputException, duckdb.IOException) as error:
            said = str(error).splitlines()[0].replace(str(part.path), candidate.file.name)
            candidate.failure, candidate.parts = f"is no Parquet file: {said}", []
            return
        types = tuple((row[0], row[1]) for row in rows)
        headers = map_headers(tuple(name for name, _ in types), table)
        nested = any(is_record(data_type) for _, data_type in types)
        missing, matched = headers.missing, headers.matched
        if nested:
            matched, missing = map_members(tuple(name for name, _ in types), table)
        if not matched or missing:
            lacking = missing[0] if missing else "every column of the contract"
            candidate.failure, candidate.parts = f"lacks {lacking}", []
            return
        candidate.parts[position] = replace(part, headers=headers, column_types=types, nested=nested)


def _refused(table: TableContract, file: LandedFile, captures: Mapping[str, str], reason: str) -> Candidate:
    identity = hashlib.sha256(
        json.dumps([table.system, table.name, file.shown, reason]).encode()
    ).hexdigest()[:16]
    modified = datetime.fromtimestamp(file.modified_ns / 1e9, UTC).replace(tzinfo=None)
    return Candidate(file, identity, None, captures, modified, dated=False, failure=reason)


def _check_unchanged(descriptor: int, file: LandedFile) -> None:
    status = os.fstat(descriptor)
    if (status.st_size, status.st_mtime_ns) != (file.bytes, file.modified_ns):
        raise ChangedWhileReadError("changed while it was read")


def _delivery_time(file: LandedFile, captures: Mapping[str, str]) -> tuple[datetime, bool]:
    if text := captures.get("delivered_at"):
        return parse_delivery_time(text), True
    return _modified(file), False


def _modified(file: LandedFile) -> datetime:
    seconds, nanoseconds = divmod(file.modified_ns, 1_000_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=nanoseconds // 1000, tzinfo=None)


def date_deliveries(
    table: TableContract, loaded: Mapping[str, datetime], files: Iterable[LandedFile]
) -> dict[str, datetime]:
    """When each delivery came that its path names (capture ``delivery``) and does not date.

    That is the time under which a part of it is ``loaded`` already (by path below the table's folder), so
    that a part that comes late joins the others; else the latest modification of its parts.
    """
    pattern = table.path_pattern
    times: dict[str, datetime] = {}
    fresh: dict[str, datetime] = {}
    for path, delivered_at in loaded.items():
        if (name := pattern.delivery(path)) is not None:
            times[name] = min(delivered_at, times.get(name, delivered_at))
    for file in files:
        if (name := pattern.delivery(file.below_table)) is not None:
            fresh[name] = max(_modified(file), fresh.get(name, _modified(file)))
    return {**fresh, **times}


def batches(candidates: list[Candidate], max_bytes: int) -> Iterator[list[Candidate]]:
    """Candidates that one statement can read together; files of several parts come alone."""
    groups: dict[tuple[object, ...], list[Candidate]] = {}
    for candidate in candidates:
        if len(candidate.parts) > 1:
            yield [candidate]
            continue
        signature = candidate.parts[0].signature if candidate.parts else ("nothing",)
        groups.setdefault(signature, []).append(candidate)
    for group in groups.values():
        batch: list[Candidate] = []
        size = 0
        for candidate in group:
            if batch and size + candidate.bytes > max_bytes:
                yield batch
                batch, size = [], 0
            batch.append(candidate)
            size += candidate.bytes
        yield batch
