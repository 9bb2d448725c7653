"""How far each stream has been pulled: one small JSON file per system, replaced in one step."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from orchestration.durable import replace_text


class Cursors:
    """Watermarks and progress of one system's streams, by stream name such as ``issues:acme/shop``.

    A watermark is moved after the bodies it stands for are durable, so a killed pull reads again what it
    may not have landed; what comes twice is folded at loading.
    """

    def __init__(self, folder: Path, system: str) -> None:
        self._path = folder / f"{system}.json"
        self._streams: dict[str, dict[str, Any]] = {}
        if self._path.exists():
            try:
                self._streams = json.loads(self._path.read_text(encoding="utf-8"))
            except ValueError as error:
                raise ValueError(
                    f"{self._path}: not JSON ({error}); remove it to pull {system} again from `since`"
                ) from error

    def watermark(self, stream: str) -> datetime | None:
        """The instant up to which ``stream`` is landed; None before its first pull."""
        value = self._streams.get(stream, {}).get("watermark")
        return None if value is None else datetime.fromisoformat(value)

    def reach_back(self, stream: str, since: datetime, overlap_days: int) -> datetime:
        """From when ``stream`` is read: ``overlap_days`` before its watermark, for what changes late, and
        never before ``since``.
        """
        watermark = self.watermark(stream)
        return since if watermark is None else max(since, watermark - timedelta(days=overlap_days))

    def move(self, stream: str, watermark: datetime) -> None:
        """Say that ``stream`` is landed up to ``watermark``; its progress notes end with it."""
        self._streams[stream] = {
            **self._streams.get(stream, {}),
            "watermark": watermark.astimezone(UTC).isoformat(),
        }
        self._streams[stream].pop("progress", None)
        self._save()

    def state(self, stream: str, name: str) -> dict[str, Any]:
        """A remembered mapping of ``stream``, e.g. the runs whose attempts are already landed."""
        return dict(self._streams.get(stream, {}).get(name, {}))

    def remember(self, stream: str, name: str, state: dict[str, Any]) -> None:
        """Keep a mapping of ``stream`` for the next pull."""
        self._streams.setdefault(stream, {})[name] = state
        self._save()

    def _save(self) -> None:
        replace_text(self._path, json.dumps(self._streams, indent=1, sort_keys=True))
