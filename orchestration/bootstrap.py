"""From nothing but Python to the locked environment: brings uv if it is missing, then starts over inside it.

Standard library only: this runs before anything is installed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
# Private to the checkout and git-ignored: the machine's own Python stays as it is.
UV_HOME = PROJECT / ".uv"
INSIDE = "METRICS_INSIDE_UV"
# Modules that are not in the runtime or the development group, and the extra that brings each.
EXTRAS = {
    "pyspark": "spark",
    "psycopg": "postgres",
    "dagster_postgres": "dagster-postgres",
    "duckdb_extension_quack": "quack",
}


def enter_environment(arguments: Sequence[str], extras: Sequence[str] = ()) -> None:
    """Replace this process by ``python -m orchestration <arguments>`` in the locked environment.

    Returns at once where that is already so. Exits with a message where uv cannot be had.
    """
    has_all = find_spec("dagster") is not None and all(find_spec(module) is not None for module in extras)
    if has_all or os.environ.get(INSIDE):
        return
    uv = _find_uv() or _install_uv()
    command = [uv, "run", "--frozen", "--project", str(PROJECT), "--python", sys.executable]
    command += [f"--extra={EXTRAS[module]}" for module in extras if module in EXTRAS]
    command += ["python", "-m", "orchestration", *arguments]
    environment = {**os.environ, INSIDE: "1", "UV_PYTHON_DOWNLOADS": "never"}
    print("preparing the environment from uv.lock …", file=sys.stderr, flush=True)
    os.execve(uv, command, environment)  # noqa: S606 - the arguments are ours, no shell is involved


def _find_uv() -> str | None:
    for candidate in (UV_HOME / "bin" / "uv", UV_HOME / "lib" / "bin" / "uv"):
        if candidate.is_file():
            return str(candidate)
    return shutil.which("uv")


def _install_uv() -> str:
    print("uv is missing: installing it into .uv/ of this checkout …", file=sys.stderr, flush=True)
    attempts = (
        ([sys.executable, "-m", "venv", str(UV_HOME)], [str(UV_HOME / "bin" / "python"), "-m", "pip"]),
        # Debian's Python comes without venv; its pip can still put uv aside.
        ([sys.executable, "-m", "pip", "--version"], [sys.executable, "-m", "pip"]),
    )
    for prepare, pip in attempts:
        target = [] if prepare[2] == "venv" else ["--target", str(UV_HOME / "lib")]
        if subprocess.run(prepare, capture_output=True, check=False).returncode == 0:
            done = subprocess.run([*pip, "install", "--quiet", *target, "uv"], check=False)
            found = _find_uv()
            if done.returncode == 0 and found is not None:
                return found
    sys.exit("uv could not be installed: install it by hand (pip install uv), then run this again")
