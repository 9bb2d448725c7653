"""What became of a landed file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal


@dataclass(frozen=True)
class FileOutcome:
    """One landed file after loading: read = loaded + duplicate + superseded + quarantined.

    The counters are those of this run; later deliveries move rows of a file from loaded to superseded in the
    ledger. ``path`` is below the landing folder.
    """

    file_id: str
    system: str
    table_name: str
    path: str
    status: Literal["loaded", "failed"]
    reason: str | None
    rows_read: int
    rows_loaded: int
    rows_duplicate: int
    rows_superseded: int
    rows_quarantined: int
    data_through: datetime | None
    duration_ms: int
