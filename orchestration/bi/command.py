"""``python -m orchestration bi looker|powerbi|tableau --out DIR``: the files that a BI tool opens.

``bi dbt`` writes dbt's exposures and metrics into the dbt project instead, where they belong.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from orchestration.bi.connection import Connection
from orchestration.bi.folder import FolderError, write_files
from orchestration.bi.kpis import RegistryError, read_kpis
from orchestration.bi.looker import write_project as write_looker
from orchestration.bi.powerbi import write_project as write_powerbi
from orchestration.bi.registry import Registry, read_registry
from orchestration.bi.semantic import write_semantic_layer
from orchestration.bi.tableau import write_sources as write_tableau
from orchestration.dbt_project import PROJECT_DIR, DbtParseError, MetricsDbtProject
from orchestration.home import DataHome
from orchestration.publishing.marts import PEOPLE_SCHEMA, SCHEMA, MartDeclarationError

CANNOT_WRITE = 1
SEMANTIC_FOLDER = Path("models") / "semantic"
_DBT = "dbt"
NAMES = {SCHEMA: "engineering_metrics", PEOPLE_SCHEMA: "engineering_metrics_people"}


def run(
    arguments: Sequence[str], *, environ: Mapping[str, str] = os.environ, project_dir: Path = PROJECT_DIR
) -> int:
    """Exit code: 0 written, 1 not, with the reason on standard error."""
    parser = _build_parser()
    options = parser.parse_args(arguments)
    if (options.out is None) != (options.tool == _DBT) or (options.people and options.tool == _DBT):
        parser.error("a BI tool needs --out; dbt takes neither --out nor --people")
    schema = PEOPLE_SCHEMA if options.people else SCHEMA
    try:
        registry = load_registry(environ, project_dir, schema)
        connection = Connection(
            options.host, options.port, options.database, schema, options.connection or NAMES[schema]
        )
        if options.tool == _DBT:
            out, files = project_dir / SEMANTIC_FOLDER, write_semantic_layer(registry)
        else:
            out, files = options.out, WRITERS[options.tool](registry, connection, NAMES[schema])
        changed = write_files(out, files, force=options.force)
    except (DbtParseError, MartDeclarationError, RegistryError, FolderError) as error:
        print(error, file=sys.stderr)
        return CANNOT_WRITE
    print(f"{out}: {len(files)} files, {len(changed)} changed")
    return 0


WRITERS = {"looker": write_looker, "powerbi": write_powerbi, "tableau": write_tableau}


def load_registry(environ: Mapping[str, str], project_dir: Path, schema: str) -> Registry:
    """The registry of the project in ``project_dir``, which dbt parses first if it has not yet."""
    project = MetricsDbtProject(project_dir, DataHome.from_environment(environ))
    manifest = project.prepare_manifest(environ)
    return read_registry(manifest, read_kpis(manifest, project_dir), schema)


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m orchestration bi", description=__doc__)
    parser.add_argument("tool", choices=[*sorted(WRITERS), _DBT])
    parser.add_argument("--out", type=Path, help="folder; made, or generated before")
    parser.add_argument("--host", default="localhost", help="PostgreSQL server (default localhost)")
    parser.add_argument("--port", type=int, default=5432, help="its port (default 5432)")
    parser.add_argument("--database", default="metrics", help="its database (default metrics)")
    parser.add_argument("--connection", help="name of Looker's connection (default: the project's name)")
    parser.add_argument(
        "--people",
        action="store_true",
        help="the marts about people, as a project of their own",
    )
    parser.add_argument("--force", action="store_true", help="overwrite generated files that were changed")
    return parser
