"""The dbt project as the run needs it: its hash, its manifest (parsed once per content), its process."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

from orchestration.home import DataHome

PROJECT_DIR = Path(__file__).resolve().parent.parent / "dbt_project"
_PARSED_FILES = {".sql", ".yml", ".yaml", ".csv", ".md", ".py"}
_WRITTEN_FOLDERS = {"target", "logs", "dbt_packages"}
_KEPT_MANIFESTS = 3


class DbtParseError(RuntimeError):
    """dbt cannot read the project; holds what dbt says."""


@dataclass(frozen=True)
class MetricsDbtProject:
    """One dbt project with one data home."""

    directory: Path
    home: DataHome

    @property
    def target_path(self) -> Path:
        """Where the run's dbt writes its artefacts: under the home, so that a clone stays clean."""
        return self.home.root / "dbt" / "target"

    @cached_property
    def content_hash(self) -> str:
        """Hash (16 hex digits) of every file that dbt reads, names included."""
        digest = hashlib.sha256()
        for path in sorted(self.directory.rglob("*")):
            inside = path.relative_to(self.directory)
            if path.suffix in _PARSED_FILES and not _WRITTEN_FOLDERS & set(inside.parts):
                digest.update(inside.as_posix().encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
        return digest.hexdigest()[:16]

    def code_version(self, variables: Mapping[str, str]) -> str:
        """Hash of the models and of the variables that the run gives them (the as-of date stands apart)."""
        text = self.content_hash + json.dumps(dict(variables), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def prepare_manifest(self, environ: Mapping[str, str]) -> dict[str, Any]:
        """The manifest, parsed by dbt if this content has not been parsed before (some seconds, once).

        Raises DbtParseError with dbt's own words.
        """
        folder = self._parsed_folder
        if not (folder / "manifest.json").exists():
            self._parse(folder, environ)
        return json.loads((folder / "manifest.json").read_bytes())

    @property
    def parsed_manifest(self) -> Path:
        """The same in dbt's own binary form, for a dbt process that need not parse."""
        return self._parsed_folder / "partial_parse.msgpack"

    @property
    def _parsed_folder(self) -> Path:
        # Another dbt reads the same files otherwise.
        return self.home.root / "dbt" / "manifests" / f"{self.content_hash}-{version('dbt-core')}"

    def environment(self, environ: Mapping[str, str], target_path: Path) -> dict[str, str]:
        """Environment of a dbt process."""
        return {
            **environ,
            "METRICS_HOME": str(self.home.root),
            "METRICS_PARENT_PROCESS": str(os.getpid()),
            "DBT_PROJECT_DIR": str(self.directory),
            "DBT_PROFILES_DIR": str(self.directory),
            "DBT_TARGET_PATH": str(target_path),
            "DBT_LOG_PATH": str(target_path),
            "DBT_LOG_FORMAT": "json",
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "DO_NOT_TRACK": "1",
            "PYTHONUNBUFFERED": "1",
        }

    def command(self, arguments: Sequence[str]) -> list[str]:
        """Command line of a dbt process that ends with its parent."""
        return [sys.executable, "-P", str(Path(__file__).with_name("dbt_process.py")), *arguments]

    def _parse(self, folder: Path, environ: Mapping[str, str]) -> None:
        folder.parent.mkdir(parents=True, exist_ok=True)
        # The server and the processes of its runs load the definitions at the same time: one parses, the
        # others wait.
        with (folder.parent / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if (folder / "manifest.json").exists():
                return
            new = folder.with_suffix(".new")
            shutil.rmtree(new, ignore_errors=True)
            result = subprocess.run(
                self.command(["parse", "--quiet"]),
                cwd=self.directory,
                env={**self.environment(environ, new), "DBT_LOG_FORMAT": "text"},
                capture_output=True,
                text=True,
                check=False,
            )
            if result.returncode:
                raise DbtParseError(
                    f"dbt cannot parse {self.directory}:\n{result.stdout}{result.stderr}".rstrip()
                )
            new.rename(folder)
            _remove_old_manifests(folder.parent)


def _remove_old_manifests(folder: Path) -> None:
    parsed = sorted(
        (path for path in folder.iterdir() if path.is_dir()), key=lambda path: path.stat().st_mtime
    )
    for old in parsed[:-_KEPT_MANIFESTS]:
        shutil.rmtree(old, ignore_errors=True)
