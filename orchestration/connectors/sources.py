"""``sources.yaml`` in the data home: which systems are pulled, and their scope.

Example::

    github:
      token_env: GITHUB_TOKEN
      repositories: [acme/shop, acme/billing]
      since: 2025-01-01
    pagerduty:
      token_env: PAGERDUTY_TOKEN
      since: 2025-01-01
    prometheus:
      base_url: https://prometheus.acme.example
      since: 2026-01-01
      slis:
        - slo_id: checkout-availability
          good: sum(increase(http_requests_total{job="checkout",code!~"5.."}[5m]))
          total: sum(increase(http_requests_total{job="checkout"}[5m]))

Secrets are named, never written: ``token_env`` is the environment variable that holds the token.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError

from .http import HttpSettings

LOOPBACK = ("localhost", "127.0.0.1", "::1")


class SourcesError(Exception):
    """``sources.yaml`` cannot be used; says the file, the place in it and what is wrong."""


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


GithubTable = Literal[
    "pull_requests", "pull_request_commits", "pull_request_reviews", "commits", "deployments",
    "deployment_statuses", "workflow_runs", "workflow_jobs", "issues",
]  # fmt: skip
PagerdutyTable = Literal[
    "incidents", "log_entries", "services", "users", "schedules", "on_calls", "incidents_raw_csv"
]  # fmt: skip


class GithubSource(PulledSystem):
    """GitHub and GitHub Actions, by repository."""

    base_url: Address = "https://api.github.com"
    token_env: str
    repositories: list[Repository] = Field(min_length=1)
    tables: list[GithubTable] | None = None
    overlap_days: int = Field(default=3, ge=0, le=90)
    rerun_days: int = Field(
        default=30,
        ge=0,
        le=90,
        description="a run may be re-run this long after it was created: re-read so far",
    )


class PagerdutySource(PulledSystem):
    """PagerDuty REST and, where ``incidents_raw_csv`` is asked for, its analytics."""

    base_url: Address = "https://api.pagerduty.com"
    token_env: str
    tables: list[PagerdutyTable] = ["incidents", "log_entries", "services", "users", "schedules", "on_calls"]
    overlap_days: int = Field(default=2, ge=0, le=90)


class Sli(BaseModel):
    """The two queries of one SLO: events that were good, events that were valid, per ``step_seconds``."""

    model_config = ConfigDict(extra="forbid")

    slo_id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]*$")
    good: str = Field(min_length=1)
    total: str = Field(min_length=1)
    step_seconds: int = Field(default=300, ge=15, le=86_400)


class PrometheusSource(PulledSystem):
    """Prometheus, Thanos or Mimir: whatever answers ``/api/v1/query_range``."""

    slis: list[Sli] = Field(min_length=1)
    overlap_days: int = Field(default=1, ge=0, le=30)


class SourcesConfig(BaseModel):
    """The whole of ``sources.yaml``; a system that is not named is not pulled."""

    model_config = ConfigDict(extra="forbid")

    github: GithubSource | None = None
    pagerduty: PagerdutySource | None = None
    prometheus: PrometheusSource | None = None

    def pulled(self) -> list[str]:
        """Names of the systems that are pulled."""
        return [name for name in type(self).model_fields if getattr(self, name) is not None]


def read_sources(path: Path, environ: Mapping[str, str]) -> SourcesConfig:
    """What ``path`` asks to pull, with tokens taken from ``environ``; nothing where the file is absent.

    Raises SourcesError naming the place: unknown keys, wrong values, an environment variable that is not set.
    """
    if not path.exists():
        return SourcesConfig()
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        config = SourcesConfig.model_validate(document)
    except yaml.YAMLError as error:
        raise SourcesError(f"{path}: not YAML: {error}") from error
    except ValidationError as error:
        # Without the input values: somebody may have written a token where its variable's name belongs.
        wrong = "; ".join(
            f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}"
            for item in error.errors(include_input=False, include_context=False, include_url=False)
        )
        raise SourcesError(f"{path}: {wrong}") from None
    for name in config.pulled():
        source: PulledSystem = getattr(config, name)
        if source.token_env is None:
            continue
        secret = environ.get(source.token_env, "").strip()
        if not secret:
            raise SourcesError(
                f"{path}: {name}.token_env: the environment variable {source.token_env} is not set"
            )
        source.token = SecretStr(secret)
    return config
