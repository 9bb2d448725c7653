"""Exports of made-up people for every table with personal columns, and the search for traces of them."""

from __future__ import annotations

import base64
import csv
import gzip
import hashlib
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zlib import crc32

import duckdb

from orchestration.home import DataHome
from orchestration.loading.contract_model import Column, TableContract, Tree
from orchestration.loading.paths import parse_json_path
from orchestration.loading.trees import ANCESTORS
from tests.loading.test_formats import workbook

NAME = "Quillane Zyxwander"
MAIL = "quillane.zyxwander@canaries.example"
BORN = "1953-07-19"
PAY = "873219.64"
# A part of each that stays when a text is cut or escaped.
MARKS = ("Quillane", "Zyxwander", "canaries.example", BORN, PAY)
MONTH = "2026-01"


@dataclass(frozen=True)
class Export:
    """One file to land below the table's folder."""

    name: str
    content: bytes


def personal_value(column: Column) -> Any:
    """What an HR system would write there: a name, an address, a birth date or a pay."""
    kind = column.data_type
    if kind in ("date", "timestamp"):
        return BORN
    if kind == "boolean":
        return True
    if kind in ("bigint", "double") or kind.startswith("decimal"):
        return PAY
    words = column.name
    if re.search(r"birth|born", words):
        return BORN
    if re.search(r"pay|salary|compensation|bonus|amount|rate", words):
        return PAY
    return MAIL if re.search(r"mail|_id$|login|user|worker", words) else NAME


def plain_value(column: Column, number: int) -> Any:
    kind, regex = column.data_type, column.options.regex
    address = f"repos/o/r/pulls/{number}/deployments/{number}"
    if column.options.json_text:
        return []
    if kind == "date":
        return f"{MONTH}-{number % 28 + 1:02}"
    if kind == "timestamp":
        return f"{MONTH}-{number % 28 + 1:02}T08:00:00Z"
    if kind == "boolean":
        return True
    if kind == "bigint":
        return number if regex is None or re.search(regex, str(number)) else address
    if kind == "double" or kind.startswith("decimal"):
        return "1.5"
    plain = f"{column.name}-{number}"
    job = f"https://ci.example/job/shop/{number}/"
    candidates = (plain, address, job, f"{number:040x}", f"{number:032x}")
    return next((text for text in candidates if re.search(regex or "", text)), plain)


def values(table: TableContract, number: int) -> dict[str, Any]:
    """A good row by column: personal columns full of canaries, a pseudonym's with another in each row."""
    row = {}
    for column in table.columns:
        if column.options.pii is None:
            row[column.name] = plain_value(column, number)
        else:
            told = personal_value(column)
            row[column.name] = f"{number}.{told}" if column.options.pii == "pseudonymise" else told
    return row


def broken_values(table: TableContract, number: int) -> dict[str, Any]:
    """A row for the quarantine: a typed column that holds a name, and required ones that hold nothing."""
    row = values(table, number)
    typed = [c for c in table.stored if c.data_type != "string" and not c.options.capture]
    for column in typed:
        row[column.name] = f"{NAME} <{MAIL}> {BORN} {PAY}"
    if not typed:
        row |= {column.name: None for column in table.stored if column.options.required}
    return row


def record(table: TableContract, row: Mapping[str, Any]) -> dict[str, Any]:
    """The row as a JSON record, nested as the contract's paths say; with members that no contract knows."""
    found: dict[str, Any] = {}
    for column in table.columns:
        for text in column.paths[:1]:
            path = parse_json_path(text)
            where: list[str | int] = [table.load.explode, 0] if path.in_element and table.load.explode else []
            segments = [part for name in where for part in _split(name)] + list(path.segments)
            if segments:
                _place(found, segments, row[column.name])
    discriminator = table.load.discriminator
    if discriminator:
        _place(found, list(parse_json_path(discriminator.path[0]).segments), discriminator.equals[0])
    return found | {
        "unforeseen_remark": f"{NAME}, {MAIL}",
        MAIL: {"born": BORN, "pay": PAY},
        NAME: PAY,
        BORN: 1,
    }


def _split(name: str | int) -> list[str | int]:
    return [name] if isinstance(name, int) else list(parse_json_path(name).segments)


def _place(target: Any, segments: list[str | int], value: Any) -> None:
    for here, following in zip(segments, [*segments[1:], None], strict=True):
        if not isinstance(target, list if isinstance(here, int) else dict):
            return  # a column that holds the whole of this member came first
        fresh: Any = value if following is None else ([] if isinstance(following, int) else {})
        if isinstance(here, int):
            while len(target) <= here:
                target.append(None)
            if following is None or not isinstance(target[here], (dict, list)):
                target[here] = fresh
        elif following is None or not isinstance(target.get(here), (dict, list)):
            target[here] = fresh
        target = target[here]


def grouped(tree: Tree, record: Mapping[str, Any]) -> dict[str, Any]:
    """The groups around a record, from the outermost, with what its ancestors tell in them."""
    inner: dict[str, Any] = {tree.records: [{k: v for k, v in record.items() if k != ANCESTORS}]}
    around = record.get(ANCESTORS) or [None]
    for number, ancestor in enumerate(around):
        inner = {**(ancestor or {}), **(inner if number == 0 else {tree.roots[0]: [inner]})}
    return inner


def document(table: TableContract, records: list[dict[str, Any]]) -> Any:
    """The records where the contract looks for them."""
    if table.load.tree:
        return {table.load.tree.roots[0]: [grouped(table.load.tree, record) for record in records]}
    if not table.load.records:
        return records
    root: dict[str, Any] = {"note": NAME}
    _place(root, list(parse_json_path(table.load.records[0]).segments), records)
    return root


def sheet(table: TableContract, rows: Iterable[Mapping[str, Any]]) -> list[list[str]]:
    """The rows under the contract's headers, with an unknown one and one that is a person's name."""
    columns = [c for c in table.columns if c.headers]
    lines = [[*(c.headers[0] for c in columns), "Unforeseen Remark", NAME]]
    for row in rows:
        cells = [row[c.name] for c in columns]
        shown = [
            "" if cell is None else json.dumps(cell) if isinstance(cell, list) else str(cell)
            for cell in cells
        ]
        lines.append([*shown, f"{NAME}, {MAIL}", PAY])
    return lines


def as_csv(lines: list[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(lines)
    return text.getvalue().encode()


def exports(table: TableContract) -> Iterator[Export]:
    """Good, quarantined and unreadable files in JSON, JSON lines, CSV and XLSX, plain and compressed."""
    makers: list[tuple[str, Callable[[list[Mapping[str, Any]]], bytes]]] = [
        (
            "page.json",
            lambda rows: json.dumps(document(table, [record(table, row) for row in rows])).encode(),
        ),
        ("lines.jsonl", lambda rows: "\n".join(json.dumps(record(table, row)) for row in rows).encode()),
        ("sheet.csv", lambda rows: as_csv(sheet(table, rows))),
        ("book.xlsx", lambda rows: workbook(sheet(table, rows))),
    ]
    damaged = makers[crc32(f"{table.system}.{table.name}".encode()) % len(makers)][0]
    number = 1
    for name, make in makers:
        rows: list[Mapping[str, Any]] = [
            values(table, number),
            broken_values(table, number + 1),
            values(table, number + 2),
        ]
        number += 3
        content = make(rows)
        yield Export(f"mixed-{name}", content)
        if name != damaged:
            continue
        yield Export(
            f"mixed-{name}.gz", gzip.compress(make([values(table, number), broken_values(table, number + 1)]))
        )
        number += 2
        # Rows of its own: one delivery tells nobody twice.
        content = make([values(table, number), values(table, number + 1), values(table, number + 2)])
        number += 3
        yield Export(f"cut-{name}", content[: len(content) * 2 // 3])
        yield Export(f"cut-{name}.gz", gzip.compress(content)[:-20])
        yield Export(f"garbled-{name}", f"\x00{NAME};{MAIL}\x00\xff".encode("latin-1") + content[::-1])
    told = f"{NAME},{MAIL},{BORN},{PAY}"
    yield Export("headless.csv", f"{told}\n{told}\n".encode())
    yield Export(
        "ragged.csv", as_csv(sheet(table, [values(table, number)])) + f'\n"{told}\n{NAME}","{MAIL}'.encode()
    )
    yield Export("bare.json", json.dumps(told).encode())
    yield Export("keyed.json", json.dumps({MAIL: {"name": NAME, "born": BORN, "pay": PAY}}).encode())
    yield Export("listed.jsonl", f'["{NAME}"]\n"{MAIL}"\n{{"{NAME}": {{"{MAIL}": 1}}\n{NAME}\n'.encode())
    yield Export("wrong-name.pdf", told.encode())


def landing_folder(home: DataHome, table: TableContract) -> Path:
    """A folder whose path gives every capture of the table's pattern something to hold."""
    captured = {name: column for column in table.columns for name in column.options.capture}

    def fill(match: re.Match[str]) -> str:
        if match[1] == "delivered_at":
            return "2026-07-01"
        regex = captured[match[1]].options.regex if match[1] in captured else None
        words = ["1", *re.findall("[a-z]+", regex or "")]
        return next((word for word in words if re.search(regex or "", word)), "1")

    folders = (*table.load.path, "**")[0].removesuffix("**")
    return home.landing / table.system / table.name / re.sub(r"\{(\w+)\}", fill, folders).replace("*", "01")


def land(home: DataHome, table: TableContract) -> int:
    folder, count = landing_folder(home, table), 0
    for export in exports(table):
        path = folder / export.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(export.content)
        count += 1
    return count


def disguises() -> dict[bytes, str]:
    """The canaries in clear and as anybody would encode them; in lower case, as they are looked for."""
    found: dict[bytes, str] = {}
    for mark in MARKS:
        for text in {mark, mark[::-1]}:
            for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
                found[text.lower().encode(encoding)] = f"{text!r} in {encoding}"
        found[mark.encode().hex().encode()] = f"{mark!r} in hex"
        found.setdefault(quote(mark, safe="").lower().encode(), f"{mark!r} quoted")
        for offset in range(3):
            # Base64 depends on where in three bytes a text begins; what its neighbours touch is cut off.
            coded = base64.b64encode(b"\0" * offset + mark.encode())[4 if offset else 0 :].rstrip(b"=")[:-1]
            found[coded.lower()] = f"{mark!r} in base64"
    for whole in (NAME, MAIL, BORN, PAY):
        for text in {whole, whole.lower(), whole.upper()}:
            for algorithm in ("md5", "sha1", "sha256"):
                digest = hashlib.new(algorithm, text.encode(), usedforsecurity=False)
                found[digest.hexdigest()[:16].encode()] = f"{whole!r} by {algorithm} without a key"
                found[digest.digest().lower()] = f"{whole!r} by {algorithm} without a key"
    return found


def search_files(home: DataHome) -> list[str]:
    """Every file under the home but the landing folder, byte by byte, compressed ones opened."""
    wanted, found = disguises(), []
    for path in sorted(home.root.rglob("*")):
        if path.is_symlink() or not path.is_file() or home.landing in path.parents:
            continue
        content = path.read_bytes()
        if content[:2] == b"\x1f\x8b":
            content += gzip.decompress(content)
        content = content.lower()
        found += [
            f"{path.relative_to(home.root)}: {what}" for mark, what in wanted.items() if mark in content
        ]
        if any(mark.lower().encode() in str(path).lower().encode() for mark in MARKS):
            found.append(f"{path.relative_to(home.root)}: its name")
    return found


def search_tables(home: DataHome) -> list[str]:
    """Every row of every table of every DuckDB or Parquet file, since both compress their texts."""
    found: list[str] = []
    for path in sorted(home.root.rglob("*")):
        if not path.is_file() or home.landing in path.parents:
            continue
        with duckdb.connect() as con:
            if path.suffix == ".parquet":
                con.execute("create table seen as select * from read_parquet($path)", {"path": str(path)})
            elif path.suffix == ".duckdb":
                # By its own name: views say in which database their tables are.
                con.execute(f"attach '{path}' as \"{path.stem}\" (read_only)")
            else:
                continue
            relations = con.execute(
                """select distinct table_catalog, table_schema, table_name from information_schema.tables
                where table_catalog = $stem or table_name = 'seen'""",
                {"stem": path.stem},
            ).fetchall()
            for relation in relations:
                shown = ".".join(f'"{name}"' for name in relation)
                if _holds(con, shown):
                    found.append(f"{path.relative_to(home.root)}: {shown}")
    return found


def _holds(con: duckdb.DuckDBPyConnection, relation: str) -> bool:
    tests = " or ".join("contains(lower(row_text), lower(?))" for _ in MARKS)
    query = f"select 1 from (select cast(row as varchar) as row_text from {relation} as row) "
    query += f"where {tests} limit 1"
    return bool(con.execute(query, list(MARKS)).fetchall())
