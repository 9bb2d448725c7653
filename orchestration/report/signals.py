"""The rules of control charts in words."""

from __future__ import annotations

_RULES = {
    "beyond_limit": "beyond a limit",
    "outer_zone": "two of three near a limit",
    "run": "a run on one side",
    "trend": "a steady trend",
}


def name_rule(signal: str | None) -> str:
    """The rule of a control chart in words; one that has none by its name."""
    return _RULES.get(signal or "", signal or "")
