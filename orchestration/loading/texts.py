"""Plain text as it comes: encodings, byte order marks, line ends, lines that are too long."""

from __future__ import annotations

import codecs
import csv
import json
import mmap
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

from orchestration.loading.landing import LandingError

MOST_BROKEN_LINES = 100_000
_MOST_SHOWN = 65536
_CHUNK = 4 * 1024 * 1024
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def ensure_utf8(path: Path, encodings: tuple[str, ...], head: bytes, always: bool) -> Path:
    """``path`` if it is UTF-8 without byte order mark, else a rewritten copy beside it.

    Only looks for a mark unless ``always``. Raises LandingError where no encoding fits.
    """
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            return _rewrite(path, encoding)
    is_utf8_first = bool(encodings) and encodings[0].lower().replace("-", "") == "utf8"
    if not always or (is_utf8_first and _is_utf8(path)):
        return path
    if is_utf8_first and all(_keeps_ascii(encoding) for encoding in encodings):
        return _rewrite_lines(path, encodings)
    for encoding in encodings:
        try:
            return _rewrite(path, encoding)
        except LandingError:
            continue
    raise LandingError(f"is text in none of the encodings {', '.join(encodings)}")


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        try:
            while chunk := file.read(_CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _keeps_ascii(encoding: str) -> bool:
    """Whether a line can be told apart before its encoding is known."""
    ascii_text = bytes(range(128))
    return ascii_text.decode(encoding, "replace").encode("ascii", "replace") == ascii_text


def _rewrite_lines(path: Path, encodings: tuple[str, ...]) -> Path:
    """A copy in which each line was read in the first of the encodings that it fits: one bad byte, or a file
    put together out of two, must not change how every other line is read.
    """
    target = path.with_name(path.name + ".utf8")
    with path.open("rb") as source, target.open("wb") as copy:
        for number, line in enumerate(source, 1):
            for encoding in encodings:
                try:
                    copy.write(line.decode(encoding).encode())
                    break
                except UnicodeDecodeError:
                    continue
            else:
                told = ", ".join(encodings)
                raise LandingError(f"is text in none of the encodings {told} in line {number}")
    return target


def _rewrite(path: Path, encoding: str) -> Path:
    target = path.with_name(path.name + ".utf8")
    try:
        with (
            path.open(encoding=encoding, newline="") as source,
            target.open("w", encoding="utf-8", newline="") as copy,
        ):
            while chunk := source.read(_CHUNK):
                copy.write(chunk)
    except UnicodeError as error:
        raise LandingError(f"is not {encoding}", f": {error}") from error
    return target


def find_long_line(path: Path, limit: int) -> int | None:
    """Number of the first line of more than ``limit`` bytes; None where there is none.

    DuckDB drops such lines without a word. Where every stretch of half the limit has a line feed, which is
    seen without reading it all, there can be none.
    """
    size, stride = path.stat().st_size, max(limit // 2, 1)
    if size <= limit:
        return None
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
        if all(view.find(b"\n", start, start + stride) >= 0 for start in range(0, size - stride, stride)):
            return None
        number = 0
        while line := file.readline(limit + 1):
            number += 1
            if len(line) > limit:
                return number
    return None


def has_odd_line_ends(path: Path) -> bool:
    """Whether a text begins with a blank line or has more than one kind of line ends."""
    with path.open("rb") as file:
        if file.read(1) in (b"\n", b"\r"):
            return True
    if not _count(path, b"\r"):
        return False
    return not (_count(path, b"\r") == _count(path, b"\n") == _count(path, b"\r\n"))


def _count(path: Path, wanted: bytes) -> int:
    if not path.stat().st_size:
        return 0
    found = 0
    with path.open("rb") as file:
        last = b""
        while chunk := file.read(_CHUNK):
            found += chunk.count(wanted) + (len(wanted) > 1 and last + chunk[:1] == wanted)
            last = chunk[-1:]
    return found


def with_plain_line_ends(path: Path) -> tuple[Path, int]:
    """A copy of a UTF-8 text that begins with its first line that is not blank, all lines ended by a feed;
    and how many blank lines stood before it.

    DuckDB refuses CSV that mixes line ends, and loses the header behind blank lines of another kind.
    """
    target = path.with_name(path.name + ".lf")
    with (
        path.open(encoding="utf-8", newline="") as source,
        target.open("w", encoding="utf-8", newline="") as copy,
    ):
        held, begun, blank = "", False, 0
        while chunk := source.read(_CHUNK):
            chunk = held + chunk
            held = "\r" if chunk.endswith("\r") else ""
            text = chunk[: len(chunk) - len(held)].replace("\r\n", "\n").replace("\r", "\n")
            if not begun:
                blank += len(text) - len(text := text.lstrip("\n"))
            begun = begun or bool(text)
            copy.write(text)
        copy.write(held.replace("\r", "\n"))
    return target, blank


def json_fault(path: Path, limit: int) -> str | None:
    """Where and why a text is no JSON, without any of it; None where that cannot be told or it has more bytes
    than ``limit``.
    """
    if path.stat().st_size > limit:
        return None
    try:
        json.loads(path.read_bytes())
    except json.JSONDecodeError as error:
        return f"is not JSON: {error.msg} in line {error.lineno}, column {error.colno}"
    except (ValueError, RecursionError):
        pass
    return None


def blank_broken_lines(path: Path, delimiter: str, limit: int) -> list[tuple[int, str]]:
    """Empty the lines of a CSV with which no record can begin, because a quote in them has no end or text
    behind its end; their numbers and texts. The header is left alone.

    DuckDB takes all lines from an open quote to the next one, or to the end of the file, for one bad record:
    without the first of them, the others are records again. ``limit``: characters of a field. Raises
    LandingError where so many lines are broken that the file must mean something else by its quotes.
    """
    broken: list[tuple[int, str]] = []
    target = path.with_name(path.name + ".quotes")
    csv.field_size_limit(limit)
    with (
        path.open(encoding="utf-8", newline="") as source,
        target.open("w", encoding="utf-8", newline="") as copy,
    ):
        given_back: deque[str] = deque()

        def next_line() -> str:
            return given_back.popleft() if given_back else source.readline()

        number = 0
        while line := next_line():
            taken = [line]
            if '"' in line and not _ends_well(taken, next_line, delimiter) and number:
                given_back.extendleft(reversed(taken[1:]))
                text = line.rstrip("\r\n")
                broken.append((number + 1, text[:_MOST_SHOWN]))
                if len(broken) > MOST_BROKEN_LINES:
                    raise LandingError(
                        f"has more than {MOST_BROKEN_LINES} lines with a quote that is not closed, or with"
                        " text behind it: a quote within a text must be doubled"
                    )
                taken = [line[len(text) :]]
            copy.writelines(taken)
            number += len(taken)
    target.replace(path)
    return broken


def _ends_well(taken: list[str], next_line: Callable[[], str], delimiter: str) -> bool:
    """Whether a record begins with the line ``taken``; the lines that were looked at are added to it."""

    def lines() -> Iterator[str]:
        yield taken[0]
        while line := next_line():
            taken.append(line)
            yield line

    try:
        next(csv.reader(lines(), delimiter=delimiter, strict=True), None)
    except csv.Error:
        return False
    return True
