"""One project of Azure DevOps: its addresses, and the ways in which its lists are told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .http import Answer
from .paging import follow_header_tokens, follow_offsets
from .puller import Entry, Puller
from .walks import walk_pages

VERSION = {"api-version": "7.1"}
PAGE_SIZE = 100
CONTINUATION = "x-ms-continuationtoken"


class Project(Puller[Entry]):
    """A pull of one project; ``place`` is its organization and its name."""

    @property
    def base(self) -> str:
        """The path below which its APIs answer."""
        return f"{'/'.join(self.place)}/_apis"

    def tokens(self, path: str, params: dict[str, Any], token: str | None = None) -> Iterator[Answer]:
        """Pages of a list whose header holds the next one's token; ``token`` is the one to begin with."""
        return follow_header_tokens(
            self.client,
            path,
            {**VERSION, **params},
            header=CONTINUATION,
            name="continuationToken",
            token=token,
        )

    def skipping(self, path: str, params: dict[str, Any], identity: str) -> Iterator[Answer]:
        """Pages of a list that knows only ``$skip``."""
        return follow_offsets(
            self.client,
            path,
            {**VERSION, **params},
            records="value",
            identity=identity,
            page_size=PAGE_SIZE,
            names=("$skip", "$top"),
            has_more=lambda _, count: count == PAGE_SIZE,
        )

    def walk(self, name: str, path: str, params: dict[str, Any]) -> Iterator[Answer]:
        """Pages of the stream ``name``, a list by tokens that the next pull goes on with where it was cut."""
        asked = {**params, "$top": PAGE_SIZE}
        return walk_pages(
            self.cursors,
            self.stream(name),
            self.now,
            begin=lambda: self.tokens(path, asked),
            resume=lambda token: self.tokens(path, asked, token),
            following=lambda page: page.headers.get(CONTINUATION),
        )
