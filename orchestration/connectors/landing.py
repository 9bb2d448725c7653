"""Putting response bodies into the landing folder, durably, before any cursor moves."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from orchestration.durable import replace_file

UNSAFE = re.compile(r"[^A-Za-z0-9._@=+-]")


@dataclass
class LandingFolder:
    """Where one pull of one system lands. ``pulled_at`` names the pull in each file's name."""

    root: Path
    system: str
    pulled_at: datetime
    file_count: int = 0
    byte_count: int = 0

    def land(self, table: str, folders: tuple[str, ...], body: bytes) -> Path:
        """The path of ``body`` as landed: written aside, synced, renamed, its folder synced.

        ``folders`` are the parts below ``<system>/<table>/`` that the table's contract captures.
        """
        folder = self.root / self.system / table
        for part in folders:
            folder /= UNSAFE.sub("_", part)
        folder.mkdir(parents=True, exist_ok=True)
        self.file_count += 1
        self.byte_count += len(body)
        name = f"{self.pulled_at:%Y%m%dT%H%M%S%fZ}-{self.file_count:06d}.json"
        aside = folder / f".{name}.part"
        aside.write_bytes(body)
        target = folder / name
        replace_file(aside, target)
        return target
