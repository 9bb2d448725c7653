"""A small company, generated once for all tests of this folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestration.company import Truth, generate

SCALE, MONTHS = 0.2, 8


@dataclass(frozen=True)
class Company:
    """Where a generated company lies, and what was planted in it."""

    landing: Path
    truth_folder: Path
    truth: Truth


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    """Six teams, twelve services, eight months."""
    home = tmp_path_factory.mktemp("company")
    truth = generate(home / "landing", home / "company", scale=SCALE, months=MONTHS)
    return Company(home / "landing", home / "company", truth)
