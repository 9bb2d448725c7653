"""What a contract says, as validated objects; the format itself is described in ``contract``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from orchestration.loading.paths import PathPattern

DATA_TYPE = re.compile(r"string|bigint|double|boolean|date|timestamp|decimal\((\d{1,2}), ?(\d{1,2})\)")
NAME = re.compile(r"[a-z][a-z0-9_]*")


class ContractError(ValueError):
    """A contract that cannot be used; names the file, the table, the column and what is wrong."""

    def __init__(self, file: Path | str, table: str | None, column: str | None, problem: str) -> None:
        where = [str(file)]
        if table:
            where.append(f"table {table}")
        if column:
            where.append(f"column {column}")
        super().__init__(f"{', '.join(where)}: {problem}")
        self.file, self.table, self.column, self.problem = str(file), table, column, problem


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Texts = Annotated[tuple[str, ...], BeforeValidator(_as_list)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ColumnOptions(_Strict):
    """What ``config.meta`` of a column says; see the module's docstring."""

    path: Texts | None = None
    headers: Texts | None = None
    regex: str | None = None
    regex_required: bool = False
    capture: Texts = ()
    join: str = ""
    required: bool = False
    nulls: Texts = ()
    formats: Texts = ()
    format_of_file: bool = False
    rounded: bool = False
    time_zone: str | None = None
    lower: bool = False
    pii: Literal["drop", "pseudonymise"] | None = None
    keep_if: str | None = None
    pseudonym_scope: str | None = None
    extra: Texts = ()
    only: str | None = None
    json_text: bool = Field(default=False, alias="json")
    every_header: bool = False
    delivered_at: bool = False


class Discriminator(_Strict):
    """Which records of a mixed stream belong to the table."""

    path: Texts
    equals: Texts
    ignore: Texts = ()
    ignore_others: bool = False


class Tree(_Strict):
    """Where the records of a report with nested groups sit, and what its groups say of their number."""

    records: str
    roots: Texts
    counts: Mapping[str, str] = {}


class LoadOptions(_Strict):
    """What ``config.meta.load`` of a table says; see the module's docstring."""

    mode: Literal["merge", "replace_partition", "append", "snapshot"]
    key: Texts = ()
    cursor: str | None = None
    partition: Texts = ()
    records: Texts = ()
    explode: str | None = None
    path: Texts = ()
    nulls: Texts = ("",)
    encodings: Texts = ("utf-8", "cp1252")
    time_column: str | None = None
    allow_empty: bool = False
    discriminator: Discriminator | None = None
    tree: Tree | None = None
    ignored_files: Texts = ()
    translated_headers: bool = False
    decimal_comma: bool = False

    @property
    def explodes_members(self) -> bool:
        """Whether ``explode`` asks for the members of objects, not for the elements of an array."""
        return self.explode is not None and self.explode.endswith(".*")

    @property
    def exploded(self) -> str | None:
        """Path of the member that is exploded."""
        return None if self.explode is None else self.explode.removesuffix(".*")


@dataclass(frozen=True)
class Column:
    """One column of a raw table."""

    name: str
    data_type: str
    description: str
    options: ColumnOptions

    @property
    def paths(self) -> tuple[str, ...]:
        """JSON paths in order of preference; none for an ``extra`` column."""
        if self.options.extra:
            return ()
        return (self.name,) if self.options.path is None else self.options.path

    @property
    def headers(self) -> tuple[str, ...]:
        """Accepted headers in order of preference; none for an ``extra`` column."""
        if self.options.extra:
            return ()
        return (self.name, *self.paths) if self.options.headers is None else self.options.headers

    @property
    def decimal(self) -> tuple[int, int] | None:
        """Precision and scale, for decimals only."""
        match = DATA_TYPE.fullmatch(self.data_type)
        return (int(match[1]), int(match[2])) if match and match[1] else None


@dataclass(frozen=True)
class TableContract:
    """One raw table: where its records sit, what its columns are, how deliveries combine."""

    system: str
    name: str
    description: str
    columns: tuple[Column, ...]
    load: LoadOptions
    business_timezone: str = "UTC"
    path_pattern: PathPattern = field(default_factory=lambda: PathPattern(()))

    @property
    def schema(self) -> str:
        """Schema of the raw table."""
        return f"raw_{self.system}"

    @property
    def stored(self) -> tuple[Column, ...]:
        """The columns that reach the raw table (``pii: drop`` does not)."""
        return tuple(c for c in self.columns if c.options.pii != "drop")

    @property
    def personal(self) -> bool:
        """Whether any column is personal: then quarantine holds keyed hashes, never text."""
        return any(c.options.pii for c in self.columns)

    def column(self, name: str) -> Column:
        """The column of that name; KeyError where there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)


@dataclass(frozen=True)
class SystemContract:
    """All raw tables of one system."""

    system: str
    file: Path
    description: str
    tables: Mapping[str, TableContract]

    @property
    def schema(self) -> str:
        """Schema of the system's raw tables."""
        return f"raw_{self.system}"
