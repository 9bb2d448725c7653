"""Where the tools find the published marts. No password: each tool asks for it, and keeps it."""

from __future__ import annotations

from dataclasses import dataclass

from orchestration.publishing.marts import READERS


@dataclass(frozen=True)
class Connection:
    """A PostgreSQL database as serving.md publishes to it; ``name`` is what Looker calls the connection."""

    host: str
    port: int
    database: str
    schema: str
    name: str

    @property
    def user(self) -> str:
        """The role that may read the schema, and nothing else."""
        return READERS[self.schema]
