"""Files as export scripts write them, the same bytes each time: no clock, no file name, no order of a hash
in them.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb
import zstandard


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file, packed as its name ends: ``.gz``, ``.zst`` or plain."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".gz":
        # Without a name and a time in the header the same content gives the same bytes.
        content = gzip.compress(content, compresslevel=4, mtime=0)
    elif path.suffix == ".zst":
        content = zstandard.ZstdCompressor(level=6, write_content_size=True).compress(content)
    path.write_bytes(content)


def to_json(document: Any, indent: int | None = None) -> str:
    """Compact JSON, or indented; members keep their order."""
    return json.dumps(document, ensure_ascii=False, indent=indent, separators=None if indent else (",", ":"))


def write_json(path: Path, document: Any, indent: int | None = None) -> None:
    """One JSON document."""
    write_bytes(path, (to_json(document, indent) + "\n").encode())


def write_lines(path: Path, records: Iterable[Any]) -> None:
    """JSON lines; a string among the records is written as it stands (a line that is torn on purpose)."""
    lines = [record if isinstance(record, str) else to_json(record) for record in records]
    if lines:
        write_bytes(path, ("\n".join(lines) + "\n").encode())


def write_csv(
    path: Path,
    header: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    line_end: str = "\n",
    mark: bool = False,
) -> None:
    """CSV with a header; None is blank, booleans are ``true`` and ``false``. ``mark``: begin with a byte
    order mark.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator=line_end)
    writer.writerow(header)
    for row in rows:
        writer.writerow(["" if v is None else str(v).lower() if isinstance(v, bool) else v for v in row])
    write_bytes(path, (b"\xef\xbb\xbf" if mark else b"") + buffer.getvalue().encode())


def write_parquet(path: Path, types: Mapping[str, str], rows: Sequence[Sequence[object]]) -> None:
    """Parquet by DuckDB with these column types, rows in the order given.

    The rows pass through a CSV file beside it, which is far faster than inserting them one by one.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    staged = path.with_suffix(".staged.csv")
    write_csv(staged, list(types), rows)
    with duckdb.connect(config={"threads": 1}) as con:
        con.execute(
            "copy (select * from read_csv(?, header = true, columns = ?, nullstr = '', quote = '\"')) "  # noqa: S608
            f"to '{str(path).replace(chr(39), chr(39) * 2)}' (format parquet, compression zstd)",
            [str(staged), dict(types)],
        )
    staged.unlink()


def pages(records: Sequence[Any], size: int) -> Iterator[list[Any]]:
    """Consecutive pages of at most ``size`` records."""
    iterator = iter(records)
    while page := list(islice(iterator, size)):
        yield page
