"""Formats: the same records, however they are wrapped, encoded, compressed or spelled."""

# ruff: noqa: E501  an example reads best in one line

from __future__ import annotations

import gzip
import io
import json
import zipfile
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import duckdb
import pytest
import zstandard

from orchestration.loading.archives import Limits
from tests.loading.conftest import Shop

RECORDS = [
    json.loads(line) for line in (b'{"id": 1, "status": "a"}', b'{"id": 2, "status": "b, \\"c\\"\\n"}')
]


def compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def pretty(value: Any) -> str:
    return json.dumps(value, indent=2)


JSON_FORMS = {
    "array.json": compact(RECORDS),
    "pretty_array.json": pretty(RECORDS),
    "lines.jsonl": "\n".join(map(compact, RECORDS)),
    "lines_named.json": "\n".join(map(compact, RECORDS)) + "\n",
    "lines_with_crlf_and_blanks.ndjson": "\r\n\r\n".join(map(compact, RECORDS)) + "\r\n  \r\n",
    "lines_without_a_telling_name.export": "\n".join(map(compact, RECORDS)),
    "page.json": compact({"orders": RECORDS, "total": 2}),
    "pretty_page.json": pretty({"orders": RECORDS, "total": 2}),
    "deeper_page.json": pretty({"data": {"items": RECORDS}}),
    "page_per_line.jsonl": "\n".join(compact({"orders": [r]}) for r in RECORDS) + '\n{"orders": []}\n',
    "array_per_line.jsonl": "\n".join(compact([r]) for r in RECORDS),
    "array_of_pages.json": compact([{"orders": [r]} for r in RECORDS]),
    "pretty_array_of_pages.json": pretty([{"orders": [r]} for r in RECORDS]),
    "array_of_arrays.json": compact([[r] for r in RECORDS]),
    "record_then_page.jsonl": compact(RECORDS[0]) + "\n" + compact({"orders": RECORDS[1:]}),
    "webhooks.jsonl": "\n".join(compact({"action": "x", "orders": r}) for r in RECORDS),
    "with_bom.json": "\ufeff" + compact(RECORDS),
}


@pytest.mark.parametrize("name", JSON_FORMS)
def test_json_is_read_in_every_form(shop: Shop, name: str) -> None:
    shop.land(f"orders/{name}", JSON_FORMS[name])
    shop.load()
    assert shop.rows("orders", "order_id, status") == [(1, "a"), (2, 'b, "c"\n')]


def test_utf_16_is_known_by_its_mark(shop: Shop) -> None:
    shop.land("orders/a.json", compact([{"id": 1, "status": "ü"}]).encode("utf-16"))
    shop.land("orders/b.csv", "order id\tstatus\n2\tß\n".encode("utf-16"))
    shop.load()
    assert shop.rows("orders", "order_id, status") == [(1, "ü"), (2, "ß")]


def test_a_typical_record_fills_every_column(shop: Shop) -> None:
    shop.land("orders/typical.jsonl", shop.fixture("orders_typical.jsonl"))
    shop.load()
    assert shop.rows("orders") == [
        (
            "eu/berlin", 1, Decimal("12.5"), 1.5, True, date(2026, 1, 2), datetime(2026, 1, 2, 10), "paid",
            '[{"sku":"a","n":2}]', '{"x_channel":"web","x_tags":["a"]}',
        ),
        ("eu/berlin", 2, Decimal(7), None, None, None, datetime(2026, 1, 3, 9, 0, 0, 123000), "a status of next year", None, None),
        ("paris", 3, None, None, None, None, None, None, None, None),
    ]  # fmt: skip
    assert shop.query("select member from ops.schema_drift") == [("unknown_member",)]


def test_a_folder_gives_what_the_record_does_not_say(shop: Shop) -> None:
    shop.land("orders/eu/Rome/2026/p1.json", '[{"id": 1}, {"id": 2, "shop": {"name": "own"}}]')
    shop.land("orders/flat.json", '[{"id": 3}]')
    shop.load()
    assert shop.rows("orders", "order_id, shop") == [(1, "eu/rome"), (2, "own"), (3, None)]


def test_csv_with_everything_wrong_at_once(shop: Shop) -> None:
    shop.land("orders/odd.csv", shop.fixture("orders_bom_crlf_blank_lines_duplicate_headers.csv"))
    (outcome,) = shop.load()
    assert (outcome.reason, outcome.rows_read) == (None, 2)
    columns = "order_id, status, amount, shop, is_paid, updated_at, custom"
    assert shop.rows("orders", columns) == [
        (1, 'pa;id "now"\nor later', Decimal("12.5"), "eu/berlin", True, datetime(2026, 1, 2, 10), '{"x_Channel":"web"}'),
        (2, None, Decimal(7), "zürich", None, None, None),
    ]  # fmt: skip


def test_of_columns_under_one_header_the_first_that_is_not_null_is_read(shop: Shop) -> None:
    header = "status,id,x_note,status,x_note,id"
    shop.land("orders/twice.csv", f"{header}\n,1,,later,n1,9\nfirst,,n2,second,n3,2\nz,z,,,,3\n")
    shop.load()
    assert shop.rows("orders", "order_id, status, custom") == [
        (1, "later", '{"x_note":"n1"}'),
        (2, "first", '{"x_note":"n2"}'),
    ]
    assert shop.rejects() == [(4, "order_id", "z", "is not a whole number of 64 bits")]


def test_cp1252_is_read_where_it_is_no_utf_8(shop: Shop) -> None:
    shop.land("orders/old.csv", shop.fixture("orders_cp1252.csv"))
    shop.load()
    assert shop.rows("orders", "order_id, status, shop") == [(1, "café", "zürich")]


def test_a_bad_byte_changes_no_other_line(shop: Shop) -> None:
    shop.land(
        "orders/a.csv", "order id,status\r\n1,Größe\r\n".encode() + "2,Größe\r\n3,Gr\xc3\r\n".encode("cp1252")
    )
    shop.land("orders/b.jsonl", b'{"id": 4, "status": "\xe2\x82\xac"}\n{"id": 5, "status": "\x80"}\n')
    shop.load()
    assert shop.rows("orders", "order_id, status") == [
        (1, "Größe"),
        (2, "Größe"),
        (3, "GrÃ"),
        (4, "€"),
        (5, "€"),
    ]


def test_line_ends_may_be_mixed(shop: Shop) -> None:
    shop.land("orders/mixed.csv", shop.fixture("orders_mixed_line_ends.csv"))
    shop.load()
    assert shop.rows("orders", "order_id, status") == [(1, "mixed"), (2, "line"), (3, "ends")]


@pytest.mark.parametrize(
    ("name", "delimiter"), [("a.tsv", "\t"), ("a.csv", ";"), ("a.txt", "|"), ("a.csv", ",")]
)
def test_the_delimiter_is_the_one_that_gives_known_headers(shop: Shop, name: str, delimiter: str) -> None:
    header, row = ["x, y", "order id", "status"], ["skip; me", "1", "a b"]
    lines = [delimiter.join(f'"{cell}"' for cell in cells) for cells in (header, row)]
    shop.land(f"orders/{name}", "\n".join(lines))
    shop.load()
    assert shop.rows("orders", "order_id, status") == [(1, "a b")]


def test_columns_come_in_any_order_and_need_not_all_come(shop: Shop) -> None:
    shop.land("charges/2026-07-01/a.csv", "period,Billed Cost,issuer\n2026-06-01,1,aws\n")
    shop.land("charges/2026-07-01/b.csv", "ISSUER,cost,new column,Period\naws,2,x,2026-06-01\n")
    shop.load()
    assert shop.rows("charges") == [
        ("aws", date(2026, 6, 1), Decimal(1)),
        ("aws", date(2026, 6, 1), Decimal(2)),
    ]
    assert shop.query("select table_name, member from ops.schema_drift") == [("charges", "new column")]


def test_a_header_without_a_required_column_fails_the_file(shop: Shop) -> None:
    shop.land("charges/2026-07-01/a.csv", "period,issuer\n2026-06-01,aws\n")
    shop.land("charges/2026-07-01/b.csv", "a,b\n1,2\n")
    reasons = [outcome.reason for outcome in shop.load()]
    assert reasons[0] == "lacks the required column cost: its header is none of those accepted"
    assert reasons[1] == "has no column of the contract in its header (a, b)"


def test_a_file_with_a_header_only_is_valid_and_empty(shop: Shop) -> None:
    shop.land("orders/empty.csv", "order id,status\n")
    shop.land("orders/none.json", "[]")
    shop.land("orders/page.json", '{"orders": []}')
    assert [(o.status, o.rows_read) for o in shop.load()] == [("loaded", 0)] * 3


def parquet(shop: Shop, sql: str) -> bytes:
    path = shop.home.root / "made.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as con:
        con.execute(f"copy ({sql}) to '{path}' (format parquet)")
    return path.read_bytes()


def test_parquet_is_read_with_its_types(shop: Shop) -> None:
    made = parquet(
        shop,
        """
        select
            1::integer as "Order ID", 12.345::decimal(10, 3) as amount, timestamp '2026-01-02 10:00:00' as updated_at,
            date '2026-01-02' as ordered_on, true as is_paid, 'a' as status, map {'k': 'v'} as x_tags,
            [{'sku': 'a'}] as lines, 5 as unknown
        union all
        select 2, null, null, null, null, null, null, null, null
        """,
    )
    shop.land("orders/a.parquet", made)
    shop.load()
    columns = "order_id, amount, updated_at, ordered_on, is_paid, status, custom, lines"
    assert shop.rows("orders", columns) == [
        (1, Decimal("12.345"), datetime(2026, 1, 2, 10), date(2026, 1, 2), True, "a", '{"x_tags":"{\\"k\\":\\"v\\"}"}', '[{"sku":"a"}]'),
        (2, None, None, None, None, None, None, None),
    ]  # fmt: skip
    assert shop.query("select member from ops.schema_drift") == [("unknown",)]


def test_a_double_of_parquet_is_taken_at_the_scale_of_the_column(shop: Shop) -> None:
    made = parquet(shop, "select 'aws' as issuer, '2026-06-01' as period, 1 / 12000 as cost")
    shop.land("charges/2026-07-01/a.parquet", made)
    shop.load()
    assert shop.rows("charges", "cost") == [(Decimal("0.000083333333333333"),)]


def test_parquet_that_is_cut_off_fails_alone(shop: Shop) -> None:
    shop.land("orders/cut.parquet", parquet(shop, "select 1 as id")[:-10])
    shop.land("orders/good.parquet", parquet(shop, "select 2 as id"))
    assert [o.status for o in shop.load()] == ["failed", "loaded"]


def workbook(rows: list[list[str]]) -> bytes:
    """A minimal XLSX of one sheet with inline strings and, where a cell looks like one, numbers."""

    def cell(value: str) -> str:
        if value.replace(".", "", 1).isdigit():
            return f"<c><v>{value}</v></c>"
        return f'<c t="inlineStr"><is><t>{value}</t></is></c>'

    body = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in rows)
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    packages = "http://schemas.openxmlformats.org/package/2006"
    content = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    files = {
        "[Content_Types].xml": f'<Types xmlns="{packages}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{content}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{content}.worksheet+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{packages}/relationships">'
        f'<Relationship Id="r1" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}">'
        '<sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{packages}/relationships">'
        f'<Relationship Id="r1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{body}</sheetData></worksheet>',
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


def test_a_workbook_is_read(shop: Shop) -> None:
    shop.land(
        "orders/a.xlsx", workbook([["Order ID", "Status", "Order Total"], ["1", "a", "12.5"], ["2", "", "7"]])
    )
    shop.load()
    assert shop.rows("orders", "order_id, status, amount") == [
        (1, "a", Decimal("12.5")),
        (2, None, Decimal(7)),
    ]


def test_a_workbook_that_is_none_fails(shop: Shop) -> None:
    shop.land("orders/a.xlsx", b"PK\x03\x04 and then nothing")
    (outcome,) = shop.load()
    assert outcome.status == "failed"
    assert "no workbook" in (outcome.reason or "")


def test_yaml_documents_are_records(shop: Shop) -> None:
    shop.land("documents/a.yaml", shop.fixture("documents.yaml"))
    shop.load()
    assert shop.rows("documents") == [("api", 2, None), ("web", 1, date(2026, 1, 2))]
    assert shop.rejects() == [(None, None, None, "is of another kind than Service")]


def test_xml_elements_are_records(shop: Shop) -> None:
    shop.land("tests/report.xml", shop.fixture("tests_report.xml"))
    shop.load()
    assert shop.rows("tests") == [("slow", "waits", 12.0), ("unit", "adds", 0.5), ("unit", "subtracts", 0.1)]


def test_members_of_an_array_become_rows(shop: Shop) -> None:
    shop.land("samples/good/a.json", shop.fixture("samples_range_query.json"))
    (outcome,) = shop.load()
    assert (outcome.rows_read, outcome.rows_loaded) == (4, 2)
    assert shop.rows("samples") == [
        ("good", '{"job":"web"}', datetime(2022, 1, 11, 8, 25, 30), Decimal(1)),
        ("good", '{"job":"web"}', datetime(2022, 1, 11, 8, 26, 30, 500000), None),
    ]
    assert {reason for *_, reason in shop.rejects()} == {
        "has no member values",
        "is not a number that decimal(38, 9) holds exactly (at most 9 fractional digits)",
    }


def zipped(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


LINES = b'{"id": 1, "status": "a"}\n{"id": 2, "status": "b, \\"c\\"\\n"}\n'
PACKED = {
    "a.jsonl.gz": gzip.compress(LINES, mtime=0),
    "several_members.jsonl.gz": gzip.compress(LINES[:26], mtime=0)
    + gzip.compress(LINES[26:], mtime=0)
    + b"\0" * 512,
    "a.jsonl.zst": zstandard.compress(LINES),
    "several_frames.jsonl.zst": zstandard.compress(LINES[:26]) + zstandard.compress(LINES[26:]),
    "a.zip": zipped({"folder/a.jsonl": LINES, "__MACOSX/x": b"junk", "folder/.DS_Store": b"junk"}),
    "of_many.zip": zipped({"1.jsonl": LINES[:26], "2.csv": b'order id,status\n2,"b, ""c""\n"\n', "3/": b""}),
    "nested.zip": zipped({"a.jsonl.gz": gzip.compress(LINES, mtime=0)}),
    "without_an_ending": gzip.compress(LINES, mtime=0),
}


@pytest.mark.parametrize("name", PACKED)
def test_compressed_files_are_unpacked(shop: Shop, name: str) -> None:
    shop.land(f"orders/{name}", PACKED[name])
    (outcome,) = shop.load()
    assert outcome.reason is None
    assert shop.rows("orders", "order_id, status") == [(1, "a"), (2, 'b, "c"\n')]


def test_an_export_counts_once_whether_plain_or_compressed(shop: Shop) -> None:
    content = b"issuer,period,cost\naws,2026-06-01,1\n"
    shop.land("charges/2026-07-01/a.csv", content)
    shop.load()
    shop.land("charges/2026-07-01/a.csv.gz", gzip.compress(content))
    shop.land("charges/2026-07-01/a.csv.zst", zstandard.compress(content))
    assert shop.load() == []
    assert len(shop.rows("charges")) == 1


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("cut.json.gz", gzip.compress(LINES, mtime=0)[:-12], "ends too early"),
        ("cut.json.zst", zstandard.compress(LINES)[:-3], "ends too early"),
        (
            "bad.json.gz",
            gzip.compress(LINES, mtime=0)[:20] + b"xxxx" + gzip.compress(LINES, mtime=0)[24:],
            "damaged",
        ),
        ("cut.zip", zipped({"a.jsonl": LINES})[:-20], "damaged"),
        ("empty.json", b"", "is empty"),
        ("page.json", b"<html><body>Sign in</body></html>", "is not JSON: it starts with '<html>"),
        (
            "cut.json",
            b'{"orders": [{"id": 1}, {"id"',
            "is not JSON: Expecting ':' delimiter in line 1, column 29",
        ),
        (
            "cut_array.json",
            b'[{"id": 1},\n {"id"',
            "is not JSON: Expecting ':' delimiter in line 2, column 7",
        ),
        (
            "quoted.csv",
            b'"order id,status\n' + b"1,a\n" * 50_000,
            "has no column of the contract in its header",
        ),
        (
            "two.zip",
            zipped({"a.csv": b"order id\n1\n", "notes.txt": b"hello"}),
            "holds 'notes.txt', which has no column of the contract in its header (hello)",
        ),
        ("page.jsonl", b"<html>\n<body>\n", "is not JSON"),
        ("image.png", b"\x89PNG\r\n\x1a\n", "has no known format"),
        ("broken.yaml", b"a: [1, 2\nb: }", "is not YAML that can be read in line 2"),
        ("broken.xml", b"<a><b></a>", "is not XML"),
        ("neither.csv", b"order id,status\n1,\x81\x8d\n", "in none of the encodings utf-8, cp1252"),
    ],
)
def test_a_file_that_cannot_be_read_fails_with_its_reason(
    shop: Shop, name: str, content: bytes, reason: str
) -> None:
    shop.land(f"orders/{name}", content)
    shop.land("orders/good.json", '[{"id": 1}]')
    outcomes = {o.path.rsplit("/", 1)[1]: o for o in shop.load()}
    assert outcomes["good.json"].rows_loaded == 1
    assert outcomes[name].status == "failed"
    assert reason in (outcomes[name].reason or "")
    assert shop.load() == []


def test_many_small_files_are_read_together(shop: Shop) -> None:
    for number in range(300):
        shop.land(
            f"orders/eu/s{number % 3}/p{number}.json", compact({"orders": [{"id": number}], "total": 1})
        )
    shop.land("orders/eu/s0/broken.json", '{"orders": [')
    outcomes = shop.load()
    assert [o.status for o in outcomes].count("failed") == 1
    assert sum(o.rows_loaded for o in outcomes) == 300
    assert shop.query("select count(distinct _file_id) from raw_shop.orders") == [(300,)]
    assert shop.query("select shop, count(*) from raw_shop.orders group by all order by all") == [
        ("eu/s0", 100), ("eu/s1", 100), ("eu/s2", 100),
    ]  # fmt: skip


def test_a_line_beyond_the_limit_fails_the_file(shop: Shop) -> None:
    shop.limits = Limits(line_bytes=1024 * 1024)
    shop.land("orders/long.jsonl", '{"id": 1}\n{"id": 2, "status": "' + "x" * 5_000_000 + '"}\n')
    (outcome,) = shop.load()
    assert outcome.reason == "has more than 1048576 bytes in line 2"
