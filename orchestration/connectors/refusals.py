"""What servers refuse with: errors told apart, and how long a spent quota asks to wait."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping

import requests
from urllib3 import BaseHTTPResponse, Retry

# 408 and 425 say "again later" by definition; 429 and 5xx are every API's way to say the same.
TRANSIENT_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})
# Where an API says when its quota comes back: an epoch second, or seconds from now.
# Opsgenie names no instant, only the period over which it counts: after that long the quota is whole again.
RESET_HEADERS = ("x-ratelimit-reset", "ratelimit-reset", "x-ratelimit-period-in-sec")
REMAINING_HEADERS = ("x-ratelimit-remaining", "ratelimit-remaining")
EPOCH_THRESHOLD = 1_000_000_000
EPOCH_MILLISECONDS = 100_000_000_000  # LaunchDarkly counts milliseconds; as seconds that is the year 5138


class SourceError(Exception):
    """A system could not be read. Says which, where, and what to do; never carries a header or a secret.

    ``status`` is the HTTP status that the server refused with; None where it was something else.
    """

    def __init__(self, system: str, url: str, what: str, status: int | None = None) -> None:
        self.system = system
        self.url = url
        self.what = what
        self.status = status
        super().__init__(f"{system}: {what} ({url})")


class PermanentError(SourceError):
    """Asking again will not help: credentials, scope, address or request are wrong."""


class TransientError(SourceError):
    """Asking again later may help; retries were already spent."""


def seconds_to_reset(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds until the quota comes back, by the reset headers; None without them.

    They hold an epoch second, an epoch millisecond or seconds from now.
    """
    for name in RESET_HEADERS:
        value = headers.get(name)
        if value is None:
            continue
        try:
            number = float(value)
        except ValueError:
            continue
        if number > EPOCH_MILLISECONDS:
            number /= 1000
        return max(0.0, number - now) if number > EPOCH_THRESHOLD else max(0.0, number)
    return None


def is_quota_spent(headers: Mapping[str, str], body: bytes) -> bool:
    """Whether a refusal carries the evidence of a rate limit: headers, or the words of GitHub."""
    return (
        "retry-after" in headers or is_nothing_left(headers) or b"secondary rate limit" in body[:1000].lower()
    )


def is_nothing_left(headers: Mapping[str, str]) -> bool:
    """Whether the quota that the headers count is used up."""
    return any(headers.get(name) == "0" for name in REMAINING_HEADERS)


class PatientRetry(Retry):
    """urllib3's Retry that also obeys reset headers where no Retry-After is sent."""

    def get_retry_after(self, response: BaseHTTPResponse) -> float | None:
        waited = super().get_retry_after(response)
        if waited is not None or response.status != 429:
            return waited
        seconds = seconds_to_reset(response.headers, time.time())
        return None if seconds is None else min(seconds, float(self.retry_after_max))


def refuse_status(system: str, url: str, response: requests.Response, body: bytes, retries: int) -> None:
    """Raise what a status that is no answer means: PermanentError, or TransientError after ``retries``."""
    status = response.status_code
    if 200 <= status < 300 and status != 203:
        return
    said = _excerpt(response, body)
    if status in (401, 203):  # Azure answers 203 with a sign-in page where others say 401
        raise PermanentError(
            system, url, f"HTTP {status}: the token is missing, wrong or expired{said}", status
        )
    if status == 403:
        raise PermanentError(system, url, f"HTTP 403: the token may not read this{said}", status)
    if status in (404, 410):
        raise PermanentError(
            system, url, f"HTTP {status}: no such thing, or the token cannot see it{said}", status
        )
    if status in TRANSIENT_STATUSES:
        raise TransientError(system, url, f"HTTP {status} after {retries} retries{said}", status)
    if 300 <= status < 400:
        raise PermanentError(
            system, url, f"HTTP {status}: moved; put the new address in sources.yaml", status
        )
    raise PermanentError(system, url, f"HTTP {status}{said}", status)


def is_html(response: requests.Response, body: bytes) -> bool:
    """Whether a page for people came where JSON was asked for."""
    return "html" in response.headers.get("content-type", "") or body.lstrip()[:1] == b"<"


def _excerpt(response: requests.Response, body: bytes) -> str:
    if is_html(response, body):
        return ": an HTML page"
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    message = _message(said)
    return f": {message[:200]}" if message else ""


def _message(said: object) -> str:
    """What an error's body says for people: under ``message`` or ``error``, or in a list of them."""
    if isinstance(said, str):
        return said
    if isinstance(said, list):
        return "; ".join(text for entry in said if (text := _message(entry)))
    names = ("message", "error", "errorMessages", "errors", "detail", "msg", "title")
    found = [said[name] for name in names if said.get(name)] if isinstance(said, dict) else []
    return _message(found[0]) if found else ""
