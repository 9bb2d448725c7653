"""On-call load by a plain count over PagerDuty's exports, by the rules of the specification alone."""

from __future__ import annotations

import gzip
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import zstandard

WEEK = timedelta(days=7)


@dataclass
class Week:
    """One ISO week: who was on call, what each was paged, and when by their own clocks."""

    on_call: set[str] = field(default_factory=set)
    pages: Counter[str] = field(default_factory=Counter)
    hours: Counter[str] = field(default_factory=Counter)

    @property
    def loads(self) -> list[int]:
        """Pages of each engineer on call, ascending."""
        return sorted(self.pages[person] for person in self.on_call)


def count_on_call(landing: Path, last_day: date) -> dict[date, Week]:
    """Weeks that are over by ``last_day``, by Monday, from the week of the first notification on."""
    root = landing / "pagerduty"
    urgencies = {record["id"]: record["urgency"] for record in _records(root / "incidents", "incidents")}
    zones = {user["id"]: ZoneInfo(user["time_zone"]) for user in _records(root / "users", "users")}
    notified: dict[tuple[str, str], list[tuple[datetime, str]]] = defaultdict(list)
    entries = {entry["id"]: entry for entry in _records(root / "log_entries", "log_entries")}
    for entry in entries.values():
        if entry["type"] == "notify_log_entry":
            method = entry["summary"].rsplit(" by ", 1)[1].rstrip(".")
            key = entry["user"]["id"], entry["incident"]["id"]
            notified[key].append((_instant(entry["created_at"]), method))
    first = min(at for told in notified.values() for at, _ in told)
    weeks: dict[date, Week] = {}
    monday = _monday(first)
    while monday + timedelta(days=6) <= last_day:
        weeks[monday] = Week()
        monday += WEEK
    pages: dict[str, list[datetime]] = defaultdict(list)
    for (person, incident), told in notified.items():
        waking = [at for at, method in told if method != "email"]
        if waking and urgencies[incident] == "high":
            pages[person].append(min(waking))
    for person, instants in pages.items():
        previous = datetime.min.replace(tzinfo=UTC)
        for at in sorted(instants):
            if (at - previous).total_seconds() > 60 and _monday(at) in weeks:
                week = weeks[_monday(at)]
                week.on_call.add(person)
                week.pages[person] += 1
                week.hours[_hours(at.astimezone(zones[person]))] += 1
            previous = at
    for shift in _records(root / "on_calls", "oncalls"):
        begin, end = _instant(shift["start"]), _instant(shift["end"])
        for monday, week in weeks.items():
            midnight = datetime(monday.year, monday.month, monday.day, tzinfo=UTC)
            if begin < midnight + WEEK and end > midnight:
                week.on_call.add(shift["user"]["id"])
    return weeks


def percentile(values: list[int], share: float) -> float:
    """The interpolated percentile of ascending values, as ``percentile_cont`` defines it."""
    place = share * (len(values) - 1)
    low = int(place)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (place - low)


def _records(folder: Path, member: str) -> Iterator[dict[str, Any]]:
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = path.read_bytes()
        if path.suffix == ".gz":
            content = gzip.decompress(content)
        elif path.suffix == ".zst":
            content = zstandard.ZstdDecompressor().decompressobj().decompress(content)
        text = content.decode()
        lines = text.splitlines() if ".jsonl" in path.name else [text]
        for line in lines:
            document = json.loads(line)
            yield from document.get(member, [document])


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _monday(at: datetime) -> date:
    return at.date() - timedelta(days=at.weekday())


def _hours(local: datetime) -> str:
    if local.hour >= 22 or local.hour < 8:
        return "sleep"
    return "business" if local.weekday() < 5 and local.hour < 18 else "off"
