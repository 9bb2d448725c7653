"""The small company, published with awkward names in it, and its report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestration.home import DataHome
from orchestration.report.publication import publish_report, report_folder
from tests.conftest import LAST_DAY, make_once
from tests.report.published_company import copy_warehouse, publish_build, rename


@dataclass(frozen=True)
class Report:
    """A home with a published report; ``team_id`` is the team whose name is HTML."""

    home: DataHome
    team_id: str

    @property
    def folder(self) -> Path:
        return report_folder(self.home)

    def read(self, page: str) -> str:
        return (self.folder / page).read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def report(built_company: DataHome, tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Published once for all workers: read only."""

    def make(home: DataHome) -> None:
        copy_warehouse(built_company, home)
        (home.root / "renamed").write_text(rename(home), encoding="utf-8")
        publish_build(home, LAST_DAY)
        publish_report(home, {"METRICS_COMPANY": "Harbourly & Söhne"})

    home = make_once(tmp_path_factory, "report", make)
    return Report(home, (home.root / "renamed").read_text(encoding="utf-8"))
