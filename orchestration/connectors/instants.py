"""Instants as APIs want and give them."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_text(instant: datetime) -> str:
    """RFC 3339 in UTC with whole seconds, such as ``2026-06-15T07:00:00Z``."""
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def midnight(instant: datetime) -> datetime:
    """The first instant of its day, UTC."""
    return instant.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
