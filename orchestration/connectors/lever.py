"""Lever, as asked over its Data API v1.

Endpoints: ``/opportunities`` (``expand=applications``, ``updated_at_start`` in milliseconds, archived ones
included), ``/opportunities/{id}/offers``, ``/requisitions`` and ``/postings`` (all states), ``/stages``,
``/archive_reasons``.

Limits: 10 requests a second for a key, bursts of 20, then 429; pages hold at most 100.

Gotchas: instants are milliseconds. Pages end where ``hasNext`` is false; ``next`` is an opaque token that
goes back as ``offset``. ``updatedAt`` of an opportunity is null where nothing changed since Lever began to
record it: the first pull therefore selects by creation. Offers are only told by opportunity, and an offer's
change need not move its opportunity, so those whose offer was undecided are asked again. Opportunities of
people whose retention ended come back anonymised; what they lost stays in what was landed before.
Confidential ones come only to keys that may see them.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal, get_args

from pydantic import Field

from .cursors import Cursors
from .http import Client
from .landing import LandingFolder
from .paging import follow_tokens
from .pulled import Address, PulledSystem
from .puller import Puller
from .refusals import PermanentError

PAGE_SIZE = 100
SETTLED = frozenset({"signed", "denied"})
LISTS = ("requisitions", "postings", "stages", "archive_reasons")

LeverTable = Literal["requisitions", "postings", "stages", "archive_reasons", "opportunities", "offers"]


class LeverSource(PulledSystem):
    """Lever. ``since`` selects opportunities by their last change; the lists are read whole."""

    base_url: Address = "https://api.lever.co/v1"
    token_env: str
    tables: list[LeverTable] = Field(default=list(get_args(LeverTable)))
    overlap_days: int = Field(default=2, ge=0, le=90)


def headers(source: LeverSource) -> dict[str, str]:
    """Request headers for an API key: it is the user name, and the password is empty."""
    return source.basic()


def pull(
    client: Client, source: LeverSource, landing: LandingFolder, cursors: Cursors, now: datetime
) -> None:
    """Land everything new up to ``now``. Raises PermanentError, TransientError."""
    puller = _Account(client, source, landing, cursors, now, place=(f"{now:%Y%m%dT%H%M%SZ}",))
    for table in LISTS:
        if puller.wants(table):
            puller.pull_list(table, {"limit": PAGE_SIZE})
    if puller.wants("opportunities"):
        puller.pull_list("opportunities", {**puller.changed("opportunities"), "expand": "applications"})
    if puller.wants("offers"):
        puller.pull_offers()


class _Account(Puller[LeverSource]):
    def pull_list(self, table: str, params: dict[str, Any]) -> None:
        self.land_all(table, follow_tokens(self.client, table, params), records="data")
        self.move(table)

    def changed(self, stream: str) -> dict[str, Any]:
        if self.cursors.watermark(stream) is None:
            return {"limit": PAGE_SIZE, "created_at_start": _milliseconds(self.source.started_at)}
        return {"limit": PAGE_SIZE, "updated_at_start": _milliseconds(self.since(stream))}

    def pull_offers(self) -> None:
        """Offers of opportunities that changed, and of those whose offer was undecided.

        What a killed pull has landed is not asked for twice.
        """
        undecided = self.cursors.state("offers", "undecided")
        done = self.cursors.state("offers", "progress")
        for page in follow_tokens(self.client, "opportunities", self.changed("offers")):
            for opportunity in page.json["data"]:
                changed = opportunity.get("updatedAt") or 0
                if done.get(opportunity["id"]) != changed:
                    self._read_offers(opportunity["id"], undecided)
                    done[opportunity["id"]] = changed
            self.cursors.remember("offers", "undecided", undecided)
            self.cursors.remember("offers", "progress", done)
        for identity in sorted(set(undecided) - set(done)):
            self._read_offers(identity, undecided)
        self.cursors.remember("offers", "undecided", undecided)
        self.move("offers")

    def _read_offers(self, identity: str, undecided: dict[str, Any]) -> None:
        undecided.pop(identity, None)
        try:
            for page in follow_tokens(self.client, f"opportunities/{identity}/offers", {"limit": PAGE_SIZE}):
                self.land("offers", page, identity, records="data")
                if any(offer.get("status") not in SETTLED for offer in page.json["data"]):
                    undecided[identity] = True
        except PermanentError as error:
            if error.status != 404:  # deleted at the source; what we have of it stays
                raise


def _milliseconds(instant: datetime) -> int:
    return int(instant.astimezone(UTC).timestamp()) * 1000
