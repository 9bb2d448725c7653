"""One HTTP session for every connector: timeouts, retries, rate limits, and errors told apart.

urllib3's Retry does the waiting for refused connections, 429 and 5xx (Retry-After in seconds or as a
date). What it cannot see is done here: a 403 that is a rate limit (GitHub), a body that was cut after its
headers came, an HTML page where JSON was asked for.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from .refusals import (
    TRANSIENT_STATUSES,
    PatientRetry,
    PermanentError,
    TransientError,
    is_html,
    is_nothing_left,
    is_quota_spent,
    refuse_status,
    seconds_to_reset,
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class HttpSettings:
    """Patience of a connector. Seconds, except ``retries`` and ``largest_body`` (bytes)."""

    connect_timeout: float = 10.0
    read_timeout: float = 60.0
    retries: int = 6
    backoff: float = 1.0
    longest_wait: float = 3900.0  # GitHub's quota window is an hour; a longer wait belongs to the next run
    largest_body: int = 256 * 1024 * 1024


@dataclass(frozen=True)
class Answer:
    """One response: the body as received and what it says; ``json`` is None where there is none (204).

    ``url`` is the address asked, ``headers`` are case-insensitive, ``links`` the Link header by rel.
    """

    url: str
    body: bytes
    json: Any
    headers: Mapping[str, str]
    links: Mapping[str, str] = field(default_factory=dict)


class Client:
    """A session on one API. ``system`` names it in errors, ``headers`` carry the credentials.

    Credentials go to the origins of ``base_url`` and of ``further_urls`` (an API that is spread over hosts)
    and nowhere else: an absolute link to another host is refused, so that a wrong ``next`` cannot leak a
    token.
    """

    def __init__(
        self,
        system: str,
        base_url: str,
        headers: Mapping[str, str],
        settings: HttpSettings | None = None,
        *,
        further_urls: Sequence[str] = (),
        clock: Callable[[], datetime],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.system = system
        self.base_url = base_url.rstrip("/")
        self._origins = {urlsplit(url)[:2] for url in (base_url, *further_urls)}
        self.settings = settings or HttpSettings()
        self.requests_made = 0
        self._clock = clock
        self._sleep = sleep
        self._session = requests.Session()
        self._session.trust_env = (
            False  # a stray netrc must not replace the credentials named in sources.yaml
        )
        self._session.headers.update(headers)
        retry = PatientRetry(
            total=self.settings.retries,
            status_forcelist=TRANSIENT_STATUSES,
            allowed_methods=None,  # the POSTs here are searches: asking twice changes nothing
            backoff_factor=self.settings.backoff,
            backoff_max=60,
            backoff_jitter=self.settings.backoff / 2,
            retry_after_max=int(self.settings.longest_wait),
            redirect=0,
            raise_on_redirect=False,
            raise_on_status=False,
        )
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=retry))

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Answer:
        """The answer to a GET of ``path`` (or of an absolute address of an allowed origin).

        Raises PermanentError or TransientError.
        """
        return self._ask("GET", path, params=params)

    def find(self, path: str, params: Mapping[str, Any] | None = None) -> Answer | None:
        """As ``get``; None where there is no such thing (404): deleted, purged, or never made."""
        try:
            return self.get(path, params)
        except PermanentError as error:
            if error.status != 404:
                raise
            return None

    def post(self, path: str, payload: Mapping[str, Any]) -> Answer:
        """The answer to a POST of ``payload`` as JSON. Raises PermanentError or TransientError."""
        return self._ask("POST", path, payload=payload)

    def sign_in(self, url: str, headers: Mapping[str, str], fields: Mapping[str, str]) -> None:
        """Get a token for credentials (OAuth 2.0, RFC 6749) and carry it from now on.

        ``headers`` carry the credentials, ``fields`` are sent as a form. Raises PermanentError or
        TransientError.
        """
        answer = self._ask("POST", url, fields=fields, headers=headers)
        token = answer.json.get("access_token") if isinstance(answer.json, dict) else None
        if not token:
            raise PermanentError(self.system, url, "the answer has no access_token")
        self._session.headers["Authorization"] = f"Bearer {token}"

    def close(self) -> None:
        """Give the connections back."""
        self._session.close()

    def _ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        payload: Mapping[str, Any] | None = None,
        fields: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        url = self._address(path)
        trouble = "no answer"
        for attempt in range(self.settings.retries + 1):
            if attempt:
                self._sleep(min(60.0, self.settings.backoff * 2 ** (attempt - 1)))
            try:
                response, body = self._exchange(
                    method, url, params=params, json=payload, data=fields, headers=headers
                )
            except requests.exceptions.InvalidURL as error:
                raise PermanentError(self.system, url, f"the address is not valid: {error}") from error
            except requests.exceptions.SSLError as error:
                raise PermanentError(self.system, url, f"TLS failed: {error}") from error
            except (requests.exceptions.ConnectionError, requests.exceptions.Timeout) as error:
                # urllib3 has spent its own retries on these: more of them here would multiply the waiting.
                raise TransientError(self.system, url, f"no answer: {_short(error)}") from error
            except requests.exceptions.RequestException as error:
                trouble = f"the answer broke off: {_short(error)}"
                logger.warning("%s: %s; asking again", self.system, trouble)
                continue
            if response.status_code == 403 and is_quota_spent(response.headers, body):
                self._wait_for_quota(response, url, attempt)
                trouble = "the rate limit did not lift"
                continue
            refuse_status(self.system, url, response, body, self.settings.retries)
            try:
                return Answer(
                    url=response.url,
                    body=body,
                    json=None if response.status_code == 204 else json.loads(body),
                    headers=response.headers,
                    links={rel: link["url"] for rel, link in response.links.items()},
                )
            except (ValueError, RecursionError):
                if is_html(response, body):
                    raise PermanentError(
                        self.system,
                        url,
                        "HTML instead of JSON: a sign-in page? check the address and the token",
                    ) from None
                trouble = f"the body is not JSON ({len(body)} bytes): cut on the way?"
                logger.warning("%s: %s; asking again", self.system, trouble)
        raise TransientError(self.system, url, trouble)

    def _exchange(self, method: str, url: str, **asked: Any) -> tuple[requests.Response, bytes]:
        self.requests_made += 1
        with self._session.request(
            method,
            url,
            **asked,
            timeout=(self.settings.connect_timeout, self.settings.read_timeout),
            allow_redirects=False,
            stream=True,
        ) as response:
            body = bytearray()
            try:
                for chunk in response.iter_content(chunk_size=1 << 16):
                    body += chunk
                    if len(body) > self.settings.largest_body:
                        raise PermanentError(
                            self.system, url, f"the body exceeds {self.settings.largest_body} bytes"
                        )
            except requests.exceptions.ConnectionError as error:
                # A body that stalls: urllib3's retries end with the headers, so this one is ours to repeat.
                raise requests.exceptions.ChunkedEncodingError(error) from error
            return response, bytes(body)

    def _address(self, path: str) -> str:
        if not path.startswith(("http://", "https://")):
            return f"{self.base_url}/{path.lstrip('/')}"
        own = urlsplit(self.base_url)
        if urlsplit(path)[:2] not in self._origins:
            raise PermanentError(self.system, path, f"a link leads away from {own.scheme}://{own.netloc}")
        return path

    def _wait_for_quota(self, response: requests.Response, url: str, attempt: int) -> None:
        named = response.headers.get("retry-after")
        seconds = float(named) if named and named.isdigit() else None
        if seconds is None and is_nothing_left(response.headers):
            seconds = seconds_to_reset(response.headers, self._clock().timestamp())
        # GitHub: a secondary limit, whose end no header tells, wants at least a minute, and longer each time.
        seconds = 60.0 * 2**attempt if seconds is None else seconds + 1.0
        if seconds > self.settings.longest_wait:
            raise TransientError(
                self.system, url, f"the rate limit lifts in {seconds:.0f} s: later than this run waits"
            )
        logger.warning("%s: rate limit reached, waiting %.0f s", self.system, seconds)
        self._sleep(seconds)


def _short(error: Exception) -> str:
    return str(error).split("(Caused by ")[-1][:200]
