"""What every step of a pull needs, and what the steps of many systems do alike."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from .cursors import Cursors
from .http import Answer, Client
from .landing import LandingFolder
from .scopes import one_by_one


class Selected(Protocol):
    """An entry of ``sources.yaml`` that says which tables are wanted (None: all) and from when."""

    @property
    def tables(self) -> Collection[str] | None:
        """Names of the tables."""

    @property
    def started_at(self) -> datetime:
        """The first instant of ``since``."""

    @property
    def overlap_days(self) -> int:
        """How far a pull reads back for late changes."""


Entry = TypeVar("Entry", bound=Selected)


@dataclass(frozen=True)
class Puller(Generic[Entry]):
    """One pull of a system, or of the part of it that ``scope`` names: a repository, a project.

    ``place`` are the landing folders below which all of it lands.
    """

    client: Client
    source: Entry
    landing: LandingFolder
    cursors: Cursors
    now: datetime
    scope: str = ""
    place: tuple[str, ...] = ()

    def take(self, steps: Mapping[Callable[[], object], Collection[str]]) -> None:
        """Take each step of which one of the tables is wanted.

        Raises PermanentError after the last, if any was refused.
        """
        for (step, tables), reading in one_by_one(steps.items()):
            with reading:
                if self.wants(*tables):
                    step()

    def wants(self, *tables: str) -> bool:
        """Whether one of ``tables`` is asked for."""
        return self.source.tables is None or any(table in self.source.tables for table in tables)

    def stream(self, name: str) -> str:
        """Name of the stream ``name`` of this scope, as its cursor is kept."""
        return f"{name}:{self.scope}" if self.scope else name

    def since(self, name: str, overlap_days: int | None = None) -> datetime:
        """From when the stream ``name`` is read: a little before its watermark, for what changes late."""
        overlap = self.source.overlap_days if overlap_days is None else overlap_days
        return self.cursors.reach_back(self.stream(name), self.source.started_at, overlap)

    def move(self, name: str) -> None:
        """Say that the stream ``name`` is landed up to the instant of this pull."""
        self.cursors.move(self.stream(name), self.now)

    def land(self, table: str, page: Answer, *folders: str, records: str | None = None) -> None:
        """Land ``page`` as it came unless it is empty: the body, or ``records`` of it.

        A table that was asked for only to find its details is not landed itself.
        """
        if (page.json if records is None else page.json.get(records)) and self.wants(table):
            self.landing.land(table, (*self.place, *folders), page.body)

    def land_all(
        self, table: str, pages: Iterable[Answer], *folders: str, records: str | None = None
    ) -> None:
        """Land each of ``pages`` (see ``land``)."""
        for page in pages:
            self.land(table, page, *folders, records=records)

    def land_until_ended(
        self,
        table: str,
        pages: Iterable[Answer],
        *,
        path: str,
        records: str,
        ended: Collection[str],
        params: Mapping[str, Any] | None = None,
        details: Callable[[dict[str, Any]], None] = lambda _: None,
    ) -> None:
        """Land ``pages`` of a list that can be selected by creation only, and what changed of older ones.

        A record whose ``status`` is none of ``ended`` is asked for by its id below ``path``, pull by pull,
        until it is. ``details`` lands what hangs on a record, each time that it is told.
        """
        still_open = self.cursors.state(self.stream(table), "open")
        seen: set[str] = set()

        def note(row: dict[str, Any]) -> None:
            details(row)
            still_open[row["id"]] = row.get("status")
            if row.get("status") in ended:
                still_open.pop(row["id"])

        for page in pages:
            self.land(table, page, records=records)
            for row in page.json[records]:
                seen.add(row["id"])
                note(row)
            self.cursors.remember(self.stream(table), "open", still_open)
        for identity in sorted(set(still_open) - seen):
            answer = self.client.find(f"{path}/{identity}", params)
            if answer is None:
                still_open.pop(identity)  # deleted at the source; what we have of it stays
                continue
            self.land(table, answer)
            # One record stands alone, or in a member that is called as in the list or by its singular.
            note(answer.json.get(records, answer.json.get(records.removesuffix("s"), answer.json)))
        self.cursors.remember(self.stream(table), "open", still_open)


def untold(
    rows: Iterable[dict[str, Any]], told: dict[str, Any], identity: str, changed_at: str
) -> Iterator[str]:
    """Identities of the rows whose details were not read in this state, which ``told`` keeps by identity.

    Pages overlap at their seams, and a pull that was cut off meets what it had read.
    """
    for row in rows:
        key, state = str(row[identity]), str(row.get(changed_at))
        if told.get(key) != state:
            yield key
        told[key] = state
