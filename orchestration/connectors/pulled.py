"""What every pulled system's entry in ``sources.yaml`` has, and the kinds of values that entries hold."""

from __future__ import annotations

import base64
import re
from collections.abc import Collection
from datetime import UTC, date, datetime
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from .http import HttpSettings

LOOPBACK = ("localhost", "127.0.0.1", "::1")


def _check_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be an http(s) address")
    if parts.username or parts.password:
        raise ValueError("must not hold credentials: name an environment variable in token_env")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise ValueError("must be https: a token would travel in clear")
    return value


def _check_repository(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+", value):
        raise ValueError(f"{value!r} is not owner/name")
    return value


Address = Annotated[str, AfterValidator(_check_address)]
Repository = Annotated[str, AfterValidator(_check_repository)]


def check_monorepos(monorepos: Collection[str], pulled: Collection[str]) -> None:
    """Raises ValueError where a monorepo is none of what is ``pulled``."""
    if unknown := sorted({*monorepos} - {*pulled}):
        raise ValueError(f"monorepos that are not among what is pulled: {', '.join(unknown)}")


class PulledSystem(BaseModel):
    """What every pulled system has. ``overlap_days``: how far a pull reads back for late changes."""

    model_config = ConfigDict(extra="forbid")

    base_url: Address
    token_env: str | None = None
    since: date
    connect_timeout_seconds: float = Field(default=10, gt=0, le=120)
    read_timeout_seconds: float = Field(default=60, gt=0, le=900)
    retries: int = Field(default=6, ge=0, le=20)
    retry_backoff_seconds: float = Field(default=1.0, ge=0, le=60)
    longest_wait_seconds: float = Field(default=3900, ge=0)
    token: SecretStr | None = Field(default=None, exclude=True)

    @property
    def http(self) -> HttpSettings:
        """The patience that this system's entry asks for."""
        return HttpSettings(
            connect_timeout=self.connect_timeout_seconds,
            read_timeout=self.read_timeout_seconds,
            retries=self.retries,
            backoff=self.retry_backoff_seconds,
            longest_wait=self.longest_wait_seconds,
        )

    @property
    def started_at(self) -> datetime:
        """The first instant of ``since``, UTC."""
        return datetime(self.since.year, self.since.month, self.since.day, tzinfo=UTC)

    @property
    def further_urls(self) -> tuple[str, ...]:
        """Addresses beside ``base_url`` that the credentials may go to, where a system has several hosts."""
        return ()

    @property
    def secret(self) -> str:
        """The token as the environment gave it; empty where the system asks for none."""
        return "" if self.token is None else self.token.get_secret_value()

    @property
    def bearer(self) -> dict[str, str]:
        """The header of a bearer token; none where the system asks for no token."""
        return {"Authorization": f"Bearer {self.secret}"} if self.secret else {}

    def basic(self, password: str = "") -> dict[str, str]:
        """The header of basic authentication with the secret as the user's name (RFC 7617)."""
        return self.basic_of(self.secret, password)

    def basic_as(self, user: str = "") -> dict[str, str]:
        """The header of basic authentication with the secret as the password of ``user`` (RFC 7617)."""
        return self.basic_of(user, self.secret)

    @staticmethod
    def basic_of(user: str, password: str) -> dict[str, str]:
        """The header of basic authentication of ``user`` (RFC 7617)."""
        credentials = base64.b64encode(f"{user}:{password}".encode()).decode()
        return {"Authorization": f"Basic {credentials}"}
