"""Quack: what is refused before a port is opened, what the server could do, and what is said without it.

The extension is not in DuckDB's wheel: that a server answers clients is tried where the ``quack`` extra is.
"""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import duckdb
import pytest

from orchestration.home import DataHome
from orchestration.publishing.snapshot import publish
from orchestration.quack import (
    EXTENSIONS,
    INSTALLATION,
    TOKEN_VARIABLE,
    QuackError,
    confine,
    identify_publication,
    load_extensions,
    main,
    open_snapshot,
    read_address,
    read_token,
    serve,
    stop,
)
from tests.publishing.conftest import describe_run

TOKEN = "0123456789abcdef0123456789abcdef"
# What Quack's documentation says that its functions take; they tell what they were given.
STAND_IN = """
    create temp macro quack_serve(uri, token := null, allow_other_hostname := false, disable_ssl := false)
        as table select error(concat_ws(' ', uri, token, allow_other_hostname, disable_ssl));
    create temp macro quack_stop(uri) as table select error('stopped ' || uri);
"""


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def published(home: DataHome) -> DataHome:
    publish(home, describe_run(home))
    return home


def find_obstacle() -> str | None:
    """Why Quack cannot be loaded here; None where it can."""
    with duckdb.connect(config={"autoinstall_known_extensions": False}) as con:
        try:
            load_extensions(con)
        except duckdb.Error as error:
            return str(error).splitlines()[0]
    return None


OBSTACLE = find_obstacle()
needs_quack = pytest.mark.skipif(OBSTACLE is not None, reason=f"the `quack` extra is not here: {OBSTACLE}")


@pytest.mark.parametrize("token", [None, "", "secret", "x" * 64, TOKEN[:31]])
def test_a_token_that_can_be_guessed_is_refused_and_not_repeated(
    published: DataHome, capsys: pytest.CaptureFixture[str], token: str | None
) -> None:
    environ = {"METRICS_HOME": str(published.root)} | ({TOKEN_VARIABLE: token} if token is not None else {})
    assert main([], environ) == 1
    said = capsys.readouterr().err
    assert TOKEN_VARIABLE in said
    assert "openssl rand" in said
    assert not token or token not in said
    assert read_token({TOKEN_VARIABLE: TOKEN}) == TOKEN


def test_only_this_machine_is_served_unless_a_proxy_is_named() -> None:
    assert read_address("localhost", 9494, behind_proxy=False) == "quack:localhost:9494"
    assert read_address("127.0.0.1", 1, behind_proxy=False) == "quack:127.0.0.1:1"
    assert read_address("::1", 9494, behind_proxy=False) == "quack:[::1]:9494"
    for host in ("0.0.0.0", "::", "10.0.0.7", "metrics.acme.example", "localhost.acme.example", ""):
        with pytest.raises(QuackError, match="reached from other machines"):
            read_address(host, 9494, behind_proxy=False)
    assert read_address("0.0.0.0", 9494, behind_proxy=True) == "quack:0.0.0.0:9494"
    with pytest.raises(QuackError, match="70000 is no port"):
        read_address("localhost", 70000, behind_proxy=False)


def test_without_the_extension_it_says_how_to_install_it(
    published: DataHome, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))  # below which DuckDB looks for what was installed
    for name in EXTENSIONS:
        monkeypatch.setitem(sys.modules, f"duckdb_extension_{name}", None)
    assert main([], {"METRICS_HOME": str(published.root), TOKEN_VARIABLE: TOKEN}) == 1
    said = capsys.readouterr().err
    assert f"DuckDB {duckdb.__version__} has no Quack here" in said
    assert INSTALLATION in said
    assert TOKEN not in said


@needs_quack
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_client_reads_what_is_published_and_changes_nothing(
    published: DataHome, free_port: int, host: str
) -> None:
    address = read_address(host, free_port, behind_proxy=False)
    plain = "" if host == "localhost" else ", disable_ssl true"
    with open_snapshot(published) as server, duckdb.connect() as client, duckdb.connect() as stranger:
        serve(server, address, TOKEN)
        for con in (client, stranger):
            load_extensions(con)
        client.execute(f"attach '{address}' as remote (token '{TOKEN}'{plain})")
        assert client.execute("select count(*) from remote.dim_team").fetchone() == (3,)
        for change in ("delete from remote.dim_team", "create table remote.mine (a integer)"):
            with pytest.raises(duckdb.Error):
                client.execute(change)
        with pytest.raises(duckdb.Error):
            stranger.execute(f"attach '{address}' as remote (token 'another{TOKEN}'{plain})")
        assert client.execute("select count(*) from remote.dim_team").fetchone() == (3,)
        stop(server, address)
    with duckdb.connect() as late:
        load_extensions(late)
        with pytest.raises(duckdb.Error):
            late.execute(f"attach '{address}' as remote (token '{TOKEN}'{plain})")


@needs_quack
def test_a_client_reaches_no_file_of_the_server(published: DataHome, free_port: int) -> None:
    address = read_address("localhost", free_port, behind_proxy=False)
    people = published.published / "marts_people.duckdb"
    with open_snapshot(published) as server, duckdb.connect() as client:
        serve(server, address, TOKEN)
        load_extensions(client)
        for attempt in (
            f"attach ''{people}'' as people",
            "from read_text(''/etc/hostname'')",
            "set enable_external_access = true",
        ):
            with pytest.raises(duckdb.Error):
                client.execute(f"from quack_query('{address}', '{attempt}', token => '{TOKEN}')")
        (count,) = client.execute(
            f"from quack_query('{address}', 'select count(*) from dim_team', token => '{TOKEN}')"
        ).fetchone() or (None,)
        assert count == 3
        stop(server, address)


def test_nothing_is_served_before_anything_is_published(
    home: DataHome, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([], {"METRICS_HOME": str(home.root), TOKEN_VARIABLE: TOKEN}) == 1
    assert "nothing is published yet" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("address", "given"),
    [
        ("quack:localhost:9494", f"quack:localhost:9494 {TOKEN} false false"),
        ("quack:127.0.0.1:9494", f"quack:127.0.0.1:9494 {TOKEN} true true"),
        ("quack:0.0.0.0:9494", f"quack:0.0.0.0:9494 {TOKEN} true true"),
    ],
)
def test_the_server_is_started_by_what_its_documentation_says(address: str, given: str) -> None:
    with duckdb.connect() as con:
        con.execute(STAND_IN)
        with pytest.raises(duckdb.InvalidInputException, match=given):
            serve(con, address, TOKEN)
        with pytest.raises(duckdb.InvalidInputException, match=f"stopped {address}"):
            stop(con, address)


def test_a_client_can_reach_no_file_and_no_setting_of_the_server(published: DataHome, tmp_path: Path) -> None:
    with duckdb.connect(published.published / "marts.duckdb", read_only=True) as con:
        confine(con)
        assert con.execute("select count(*) from dim_team").fetchone() == (3,)
        people = published.published / "marts_people.duckdb"
        for attempt in (
            "delete from dim_team",
            "create table mine (a integer)",
            f"attach '{people}' as people",
            "from read_text('/etc/hostname')",
            f"copy dim_team to '{tmp_path}/stolen.csv'",
            "set enable_external_access = true",
            "set global allow_unsigned_extensions = true",
            "install httpfs",
        ):
            with pytest.raises(duckdb.Error):
                con.execute(attempt)


def test_another_publication_is_told_from_the_one_that_is_served(published: DataHome) -> None:
    before = identify_publication(published)
    assert identify_publication(published) == before
    publish(published, describe_run(published, run_id="run-2"))
    assert identify_publication(published) != before
