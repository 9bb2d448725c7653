"""The published marts as a DuckDB server: one shared, read-only endpoint, by DuckDB's extension Quack (beta).

https://duckdb.org/docs/current/quack/overview. The extension, and httpfs without which it answers nobody, are
no part of DuckDB's wheel: the ``quack`` extra carries them, or they are installed once from the repository of
DuckDB's extensions. People data is never served.
"""

from __future__ import annotations

import argparse
import ipaddress
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

import duckdb

from orchestration.home import DataHome
from orchestration.loading.identifiers import literal
from orchestration.publishing.published import snapshot_path

TOKEN_VARIABLE = "METRICS_QUACK_TOKEN"  # noqa: S105  the name of the variable
# 128 bits in hexadecimal: whoever finds the port can try tokens as fast as it answers.
SHORTEST_TOKEN = 32
_KINDS_OF_CHARACTERS = 8
EXTENSIONS = ("httpfs", "quack")
INSTALLATION = "python -c \"import duckdb; duckdb.execute('install httpfs; install quack')\""
DEFAULT_PORT = 9494
_LOOK_EVERY_SECONDS = 5.0


class QuackError(RuntimeError):
    """The server cannot be started; says what is missing, and never the token."""


def read_token(environ: Mapping[str, str]) -> str:
    """The token that clients must show. Raises QuackError where there is none, or one that can be guessed."""
    token = environ.get(TOKEN_VARIABLE, "")
    if len(token) < SHORTEST_TOKEN or len(set(token)) < _KINDS_OF_CHARACTERS:
        problem = "can be guessed" if token else "is not set"
        raise QuackError(
            f"{TOKEN_VARIABLE} {problem}: give it {SHORTEST_TOKEN} random characters or more, as "
            "`openssl rand -hex 16` makes them"
        )
    return token


def read_address(host: str, port: int, *, behind_proxy: bool) -> str:
    """Where to listen, as Quack writes it.

    Raises QuackError for an address that other machines reach, unless a proxy that encrypts stands before it.
    """
    if not 0 < port < 65536:
        raise QuackError(f"{port} is no port")
    if not behind_proxy and not _is_loopback(host):
        raise QuackError(
            f"{host} can be reached from other machines, and Quack's server does not encrypt: put a proxy "
            "that does before it, and say so by --behind-proxy"
        )
    return f"quack:{f'[{host}]' if ':' in host else host}:{port}"


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def identify_publication(home: DataHome) -> tuple[int, int]:
    """What tells the published file from the next one. Raises QuackError if nothing is published."""
    try:
        status = snapshot_path(home).stat()
    except FileNotFoundError:
        raise QuackError(f"{snapshot_path(home)} is not there: nothing is published yet") from None
    return status.st_ino, status.st_mtime_ns


@contextmanager
def open_snapshot(home: DataHome) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published file in an instance of its own, with Quack loaded.

    The file is read-only whatever a client asks; its queries read no other, and change no setting, so that
    nobody switches the token off. Raises QuackError, which says how to install Quack, where it is not.
    """
    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    # Each client's session begins in the database that the instance was opened with: so this is that file.
    with duckdb.connect(snapshot_path(home), read_only=True, config=config) as con:
        try:
            load_extensions(con)
        except duckdb.Error as error:
            raise QuackError(
                f"DuckDB {duckdb.__version__} has no Quack here: {str(error).splitlines()[0]}\n"
                "Install this project's `quack` extra or, where the repository of DuckDB's extensions can be "
                f"reached, once: {INSTALLATION}"
            ) from None
        confine(con)
        yield con


def load_extensions(con: duckdb.DuckDBPyConnection) -> None:
    """Loads Quack and what it needs, as the ``quack`` extra carries them or as they are installed.

    Both before ``confine``: a server that cannot load httpfs any more answers every client with HTTP 500.
    """
    for name in EXTENSIONS:
        carried = find_spec(f"duckdb_extension_{name}")
        if carried is not None and carried.origin is not None:
            folder = Path(carried.origin).parent / "extensions" / f"v{duckdb.__version__}"
            if (file := folder / f"{name}.duckdb_extension").exists():
                con.execute(f"load {literal(str(file))}")
                continue
        con.execute(f"load {name}")


def confine(con: duckdb.DuckDBPyConnection) -> None:
    """Lets queries read nothing but the database that is open, and change no setting."""
    con.execute("set enable_external_access = false")
    con.execute("set lock_configuration = true")


def serve(con: duckdb.DuckDBPyConnection, address: str, token: str) -> None:
    """Opens the port; DuckDB answers in threads of its own until ``stop``, or the instance's end."""
    options = [f"token => {literal(token)}"]
    if not address.startswith("quack:localhost:"):
        # Quack takes nothing else for local, 127.0.0.1 neither; ``read_address`` has seen to it.
        options += ["allow_other_hostname => true", "disable_ssl => true"]
    con.execute(f"from quack_serve({literal(address)}, {', '.join(options)})")


def stop(con: duckdb.DuckDBPyConnection, address: str) -> None:
    """Closes the port; queries under way end with an error."""
    con.execute(f"from quack_stop({literal(address)})")


def serve_for_ever(home: DataHome, address: str, token: str) -> NoReturn:
    """Serves each publication until the next one stands, then that one, at the same address."""
    while True:
        served = identify_publication(home)
        with open_snapshot(home) as con:
            serve(con, address, token)
            print(f"Serving {snapshot_path(home)} at {address}", flush=True)
            while identify_publication(home) == served:
                time.sleep(_LOOK_EVERY_SECONDS)
            stop(con, address)


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Serves until it is interrupted (0); 1 if it cannot, and why not."""
    parser = argparse.ArgumentParser(prog="python -m orchestration quack", description=__doc__)
    parser.add_argument("--home", type=Path, help="the data home (default: METRICS_HOME, else data/)")
    parser.add_argument("--host", default="localhost", help="address to listen on (default localhost)")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help=f"default {DEFAULT_PORT}")
    parser.add_argument(
        "--behind-proxy", action="store_true", help="allow an address of other machines: a proxy adds TLS"
    )
    given = parser.parse_args(arguments)
    home = DataHome(given.home.absolute()) if given.home else DataHome.from_environment(environ)
    try:
        address = read_address(given.host, given.port, behind_proxy=given.behind_proxy)
        serve_for_ever(home, address, read_token(environ))
    except (QuackError, duckdb.Error) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
