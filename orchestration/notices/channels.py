"""Where notices go: Slack's and generic webhooks, by environment variables; the log takes all of them."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from orchestration.connectors.refusals import TRANSIENT_STATUSES, PatientRetry
from orchestration.notices.findings import KPIS, OPERATIONS, TITLES, Finding

SLACK, WEBHOOK, LOG = "slack", "webhook", "log"
# Variable: form of the body, and the subjects that go there. KPIs have channels of their own: whoever mends a
# run at night is not whom a target concerns.
VARIABLES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "METRICS_SLACK_WEBHOOK": (SLACK, OPERATIONS),
    "METRICS_WEBHOOK": (WEBHOOK, OPERATIONS),
    "METRICS_KPI_SLACK_WEBHOOK": (SLACK, KPIS),
    "METRICS_KPI_WEBHOOK": (WEBHOOK, KPIS),
}
# Slack cuts long messages off, and people read the first lines; the generic body holds all of them.
_LINES_SHOWN = 10


class ChannelError(ValueError):
    """A variable holds no address; names the variable and never its content."""


@dataclass(frozen=True)
class Patience:
    """How long a channel is tried: retries after the first try, and seconds.

    The pauses between tries double from ``backoff``; none is longer than ``longest_wait``.
    """

    retries: int = 3
    backoff: float = 1.0
    longest_wait: int = 30
    connect_timeout: float = 5.0
    read_timeout: float = 15.0


@dataclass(frozen=True)
class Notice:
    """What is new and what is over on one subject."""

    subject: str
    new: tuple[Finding, ...]
    over: tuple[Finding, ...]

    @property
    def lines(self) -> list[str]:
        """The worst first, no more than are read; line breaks and control characters are gone."""
        texts = [f"New: {finding.text}" for finding in self.new[:_LINES_SHOWN]]
        texts += [f"… and {len(self.new) - _LINES_SHOWN} more"] * (len(self.new) > _LINES_SHOWN)
        texts += [f"Over: {finding.over}" for finding in self.over[:_LINES_SHOWN]]
        texts += [f"… and {len(self.over) - _LINES_SHOWN} more over"] * (len(self.over) > _LINES_SHOWN)
        return [_flatten(text) for text in texts]

    @property
    def notice_id(self) -> str:
        """The same for the same content, so that a receiver can tell a repeat after a crash."""
        content = [self.subject] + [
            sorted((finding.key, finding.fingerprint, finding.since) for finding in findings)
            for findings in (self.new, self.over)
        ]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Channel:
    """One place that takes notices on ``subjects``. ``address`` is a secret: it is in no text and no log."""

    name: str
    form: str
    subjects: tuple[str, ...]
    address: str = ""

    def __repr__(self) -> str:
        return f"Channel({self.name})"

    def send(self, notice: Notice, log: logging.Logger, now: datetime, patience: Patience) -> bool:
        """Whether the channel has it. One that does not answer is logged, and is no error."""
        if self.form == LOG:
            tell = log.error if notice.new else log.info
            tell("\n".join([TITLES[notice.subject], *notice.lines]))
            return True
        body = _slack_body(notice) if self.form == SLACK else _webhook_body(notice, now)
        problem = _post(self.address, body, patience)
        if problem:
            log.error(f"A notice could not be sent: {problem}. Check {self.name}; it is tried again.")
        return problem is None


def read_channels(environ: Mapping[str, str]) -> tuple[Channel, ...]:
    """The log and the channels that ``environ`` names. Raises ChannelError for what is no http(s) address."""
    channels = [Channel(LOG, LOG, (*OPERATIONS, *KPIS))]
    for variable, (form, subjects) in VARIABLES.items():
        address = environ.get(variable, "").strip()
        if not address:
            continue
        if not _is_address(address):
            raise ChannelError(f"{variable} is no address: it begins with https://, and names a host")
        channels.append(Channel(variable, form, subjects, address))
    return tuple(channels)


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("https", "http") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False


def _slack_body(notice: Notice) -> dict[str, Any]:
    """Slack's incoming webhook: https://api.slack.com/messaging/webhooks. Three characters are its markup."""
    lines = [f"*{TITLES[notice.subject]}*", *(f"• {line}" for line in notice.lines)]
    text = "\n".join(lines)
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(character, entity)  # a team called <!channel> must not wake everybody
    return {"text": text}


def _webhook_body(notice: Notice, now: datetime) -> dict[str, Any]:
    return {
        "version": 1,
        "notice_id": notice.notice_id,
        "sent_at": now.astimezone(UTC).isoformat(timespec="seconds"),
        "subject": notice.subject,
        "title": TITLES[notice.subject],
        "text": "\n".join([TITLES[notice.subject], *notice.lines]),
        "new": [_entry(finding, finding.text) for finding in notice.new],
        "over": [_entry(finding, finding.over) for finding in notice.over],
    }


def _entry(finding: Finding, text: str) -> dict[str, str]:
    return {"key": finding.key, "since": finding.since, "text": _flatten(text)}


def _post(address: str, body: Mapping[str, Any], patience: Patience) -> str | None:
    """Posts ``body`` as JSON; what went wrong, without the address, or None."""
    retry = PatientRetry(
        total=patience.retries,
        # A request that timed out may have arrived: it is sent again with the next run, not at once.
        read=False,
        status_forcelist=TRANSIENT_STATUSES,
        allowed_methods=None,
        backoff_factor=patience.backoff,
        backoff_max=patience.longest_wait,
        retry_after_max=patience.longest_wait,
        redirect=0,
        raise_on_redirect=False,
        raise_on_status=False,
    )
    try:
        with requests.Session() as session, _address_withheld(address):
            for scheme in ("https://", "http://"):
                session.mount(scheme, HTTPAdapter(max_retries=retry))
            response = session.post(
                address,
                json=body,
                timeout=(patience.connect_timeout, patience.read_timeout),
                allow_redirects=False,
            )
    except requests.RequestException as error:
        return type(error).__name__  # its text holds the address
    if 200 <= response.status_code < 300:
        return None
    return f"status {response.status_code}"


@contextmanager
def _address_withheld(address: str) -> Iterator[None]:
    """Keeps urllib3 from logging the path, which is the secret of a webhook, with its retries."""
    secret = urlsplit(address).path.rstrip("/") or address

    def withhold(record: logging.LogRecord) -> bool:
        return secret not in record.getMessage()

    logger = logging.getLogger("urllib3.connectionpool")
    retries = logging.getLogger("urllib3.util.retry")
    for each in (logger, retries):
        each.addFilter(withhold)
    try:
        yield
    finally:
        for each in (logger, retries):
            each.removeFilter(withhold)


def _flatten(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
