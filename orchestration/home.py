"""The data home: every path that a run reads or writes, in one place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class DataHome:
    """Paths under the data home (``METRICS_HOME``, default ``data/`` in the working directory)."""

    root: Path

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> DataHome:
        """The home that ``environ`` names; the environment is passed in, never read at import."""
        return cls(Path(environ.get("METRICS_HOME") or "data").absolute())

    @property
    def landing(self) -> Path:
        """``landing/<system>/<table>/…any path…``: exports as they came, never changed."""
        return self.root / "landing"

    @property
    def warehouse(self) -> Path:
        """The pipeline's private DuckDB file."""
        return self.root / "warehouse.duckdb"

    @property
    def warehouse_lock(self) -> Path:
        """Advisory lock of the warehouse; its text names the holder."""
        return self.root / "warehouse.lock"

    @property
    def published(self) -> Path:
        """What analysts open: snapshot files, Parquet, report."""
        return self.root / "published"

    @property
    def lake(self) -> Path:
        """Raw tables as Parquet, for Spark."""
        return self.root / "lake"

    @property
    def company(self) -> Path:
        """The truth that the generated company planted; outside the landing folder."""
        return self.root / "company"

    @property
    def sources_file(self) -> Path:
        """``sources.yaml``: which systems are pulled, and their scope."""
        return self.root / "sources.yaml"

    @property
    def cursors(self) -> Path:
        """Watermarks of the pulls."""
        return self.root / "cursors"

    @property
    def pseudonym_key_file(self) -> Path:
        """Key for pseudonyms, made once with mode 0600 where ``METRICS_PSEUDONYM_KEY`` is not set."""
        return self.root / "pseudonym.key"

    @property
    def notices(self) -> Path:
        """What is wrong now, and which channel has been told of it."""
        return self.root / "notices.json"

    @property
    def temporary(self) -> Path:
        """Scratch space on the same file system: unpacked archives, DuckDB spill, files before rename."""
        return self.root / "tmp"

    @property
    def dagster(self) -> Path:
        """DAGSTER_HOME of the quick start."""
        return self.root / "dagster"
