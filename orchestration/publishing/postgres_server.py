"""A publisher's session on the PostgreSQL server: as the owner, silent about secrets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, LiteralString

import psycopg
from psycopg.conninfo import conninfo_to_dict

from orchestration.loading.identifiers import literal, quote
from orchestration.publishing.marts import READERS
from orchestration.publishing.published import POSTGRES_VARIABLE
from orchestration.publishing.verification import PublicationError

OWNER = "metrics_owner"
# A dashboard's query that takes longer is a mistake, and holds the old tables on the disk.
READER_SETTINGS = {"default_transaction_read_only": "on", "statement_timeout": "5min"}
OLDEST_SERVER = 14
# What a server or an administrator may have set otherwise, and what the rest of this package relies on.
_SESSION: tuple[LiteralString, ...] = (
    "set client_min_messages = warning",
    "set standard_conforming_strings = on",
    "set search_path = pg_catalog",
    "set datestyle = 'ISO, YMD'",
    "set timezone = 'UTC'",
    "set default_transaction_read_only = off",
    "set statement_timeout = 0",
    "set lock_timeout = 0",
    "set idle_in_transaction_session_timeout = 0",
    "set idle_session_timeout = 0",
    # ANALYZE looks at 9,000 rows of a table: enough for marts, in a third of the time of 30,000.
    "set default_statistics_target = 30",
)


class PostgresDsnError(ValueError):
    """``METRICS_POSTGRES_DSN`` cannot be used; the message never repeats any part of it."""


class PostgresPublicationError(PublicationError):
    """The server refused or was lost; what stood published there stands. Holds neither secrets nor rows."""


def run(
    con: psycopg.Connection[Any], statement: str, parameters: Sequence[Any] | None = None
) -> psycopg.Cursor[Any]:
    """Executes SQL whose names went through ``quote`` and whose values are parameters."""
    return con.execute(statement.encode(), parameters)


@contextmanager
def report_errors(doing: str, secrets: Sequence[str] = ()) -> Iterator[None]:
    """Turns the server's errors into PostgresPublicationError, which says what was being done.

    The server's details and contexts quote rows, and rows can be people's: they are left out, and so is the
    original error as the cause, which a run's log would print.
    """
    try:
        yield
    except psycopg.Error as error:
        raise PostgresPublicationError(
            f"PostgreSQL, {doing}: {_describe(error, secrets)}. What was published there stands; run again."
        ) from None


def _describe(error: psycopg.Error, secrets: Sequence[str]) -> str:
    text = error.diag.message_primary
    if text is None:
        text = " ".join(str(error).split())
    elif error.diag.message_hint:
        text = f"{text} ({error.diag.message_hint.rstrip('.')})"
    for secret in secrets:
        text = text.replace(secret, "***")
    return f"{text.rstrip('.')} [{error.sqlstate or type(error).__name__}]"


@contextmanager
def open_server(dsn: str, run_id: str) -> Iterator[psycopg.Connection[Any]]:
    """A session in autocommit, ready to publish.

    Raises PostgresDsnError for a connection string that cannot be read, PostgresPublicationError if the
    server cannot be reached, is older than 14, a standby, or not in UTF-8.
    """
    settings = _read_dsn(dsn)
    secrets = [str(settings[name]) for name in ("password", "sslpassword") if settings.get(name)]
    settings.setdefault("connect_timeout", 10)
    # A publisher that vanished from the network must not keep the lock for the two hours of TCP's default.
    settings.setdefault("keepalives_idle", 30)
    settings |= {"application_name": f"metrics publication {run_id}", "client_encoding": "utf8"}
    with report_errors("while connecting", secrets):
        con: psycopg.Connection[Any] = psycopg.connect(**settings, autocommit=True)
    with con, report_errors("while publishing", secrets):
        _require_server(con)
        for statement in _SESSION:
            con.execute(statement)
        yield con


def _read_dsn(dsn: str) -> dict[str, Any]:
    problem = None
    settings: dict[str, Any] = {}
    try:
        settings = dict(conninfo_to_dict(dsn))
    except psycopg.Error:
        problem = "it cannot be read"
    # A password with an unescaped @ or / spills into these, and errors name them.
    if any("@" in str(settings.get(name, "")) for name in ("host", "port", "dbname")):
        problem = "an @ stands where none can be: write @ in a password as %40, / as %2F"
    elif not all(port.isdigit() for port in str(settings.get("port") or "0").split(",")):
        problem = "the port is no number: write / in a password as %2F, @ as %40"
    if problem:
        raise PostgresDsnError(
            f"{POSTGRES_VARIABLE} is no connection string ({problem}). It looks like "
            "postgresql://user:password@host:5432/database or host=… dbname=… user=… password=…"
        ) from None
    return settings


def _require_server(con: psycopg.Connection[Any]) -> None:
    version = con.info.server_version // 10000
    encoding, standby = con.execute(
        "select current_setting('server_encoding'), pg_is_in_recovery()"
    ).fetchone() or ("", False)
    if version < OLDEST_SERVER:
        raise PostgresPublicationError(f"PostgreSQL {version} is too old: {OLDEST_SERVER} or newer is needed")
    if encoding != "UTF8":
        raise PostgresPublicationError(
            f"the database {con.info.dbname} is in {encoding}: create one with encoding 'UTF8'"
        )
    if standby:
        raise PostgresPublicationError("the server is a standby: give the address of its primary")


def become_owner(con: psycopg.Connection[Any]) -> None:
    """Goes on as the owner, to whom all that is published belongs."""
    run(con, f"set role {quote(OWNER)}")


def ensure_roles(con: psycopg.Connection[Any]) -> None:
    """Sees to the roles of owner and readers.

    Creates what is missing if the session's user may; else raises PostgresPublicationError with the SQL that
    an administrator has to run once.
    """
    statements = _find_missing_roles(con)
    try:
        with con.transaction():
            for statement in statements:
                run(con, statement)
    except psycopg.errors.InsufficientPrivilege:
        raise PostgresPublicationError(
            f"{con.info.user} may not create the roles of the publication. Let an administrator run once, in "
            f"the database {con.info.dbname}:\n" + "".join(f"{statement};\n" for statement in statements)
        ) from None


def restrict_everybody(con: psycopg.Connection[Any]) -> tuple[str, ...]:
    """Takes from PUBLIC the right to create anything in the database; returns the SQL of what is left to do.

    A new database lets every login create temporary tables, and before PostgreSQL 15 others too. In one that
    holds more than publications somebody may need that, so there it is only said; so it is where this user
    may not take it. To be called as the DSN's own user.
    """
    statements = _find_public_rights(con)
    if statements and not _holds_others(con):
        for statement in statements:
            try:
                run(con, statement)  # of rights that it may not take, the server only warns
            except psycopg.errors.InsufficientPrivilege:
                continue
        statements = _find_public_rights(con)
    return statements


def _find_public_rights(con: psycopg.Connection[Any]) -> tuple[str, ...]:
    database, schema = con.execute(
        """
        select
            exists (
                select from pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba)))
                where datname = current_database() and grantee = 0 and privilege_type = 'TEMPORARY'
            ),
            exists (
                select from pg_namespace, aclexplode(nspacl)
                where nspname = 'public' and grantee = 0 and privilege_type = 'CREATE'
            )
        """
    ).fetchone() or (False, False)
    found = {
        f"revoke temporary on database {quote(con.info.dbname)} from public": database,
        f"revoke create on schema {quote('public')} from public": schema,
    }
    return tuple(statement for statement, is_granted in found.items() if is_granted)


def _holds_others(con: psycopg.Connection[Any]) -> bool:
    row = con.execute(
        """
        select
            exists (
                select from pg_namespace
                where nspname !~ '^(pg_|information_schema$|public$)' and nspowner <> to_regrole(%s)
            )
            or exists (
                select from pg_class
                where relnamespace = (select oid from pg_namespace where nspname = 'public')
            )
        """,
        [OWNER],
    ).fetchone()
    return bool(row and row[0])


def _find_missing_roles(con: psycopg.Connection[Any]) -> list[str]:
    roles: dict[str, list[str]] = {
        name: [setting.split("=")[0] for setting in settings or ()]
        for name, settings in con.execute(
            "select rolname, rolconfig from pg_roles where rolname = any(%s)", [[OWNER, *READERS.values()]]
        ).fetchall()
    }
    missing = []
    if OWNER not in roles:
        missing.append(f"create role {quote(OWNER)} nologin")
    if OWNER not in roles or not _may_become_owner(con):
        missing.append(f"grant {quote(OWNER)} to {quote(con.info.user)}")
    if OWNER not in roles or not _may_create_schemas(con):
        missing.append(f"grant create on database {quote(con.info.dbname)} to {quote(OWNER)}")
    for reader in READERS.values():
        if reader not in roles:
            # Without a password nobody gets in; settings hold for who logs in, they are not inherited.
            missing.append(f"create role {quote(reader)} login")
        missing += [
            f"alter role {quote(reader)} set {name} = {literal(value)}"
            for name, value in READER_SETTINGS.items()
            if name not in roles.get(reader, ())
        ]
    return missing


def _may_become_owner(con: psycopg.Connection[Any]) -> bool:
    # Since 16 membership alone does not allow SET ROLE.
    right = "SET" if con.info.server_version >= 160000 else "MEMBER"
    row = con.execute("select pg_has_role(current_user, %s, %s)", [OWNER, right]).fetchone()
    return bool(row and row[0])


def _may_create_schemas(con: psycopg.Connection[Any]) -> bool:
    row = con.execute("select has_database_privilege(%s, current_database(), 'CREATE')", [OWNER]).fetchone()
    return bool(row and row[0])
