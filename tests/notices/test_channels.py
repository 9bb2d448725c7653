"""Channels that answer late, not at all or badly; what they are sent, and what is never said of them."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from orchestration.notices.channels import ChannelError, Notice, Patience, read_channels
from orchestration.notices.findings import RUNS, TARGETS, Finding

NOW = datetime(2026, 7, 2, 6, tzinfo=UTC)
QUICK = Patience(retries=2, backoff=0.01, longest_wait=2, read_timeout=0.3)
HOOK = "/services/T0/B0/secret-token"
LOG = logging.getLogger("notices")


def notice(*texts: str, over: tuple[str, ...] = (), subject: str = RUNS) -> Notice:
    return Notice(
        subject,
        tuple(Finding(f"key {text}", "1", text, "over", "2026-07-01") for text in texts),
        tuple(Finding(f"key {text}", "1", "", text, "2026-07-01") for text in over),
    )


def send(url: str, sent: Notice, variable: str = "METRICS_SLACK_WEBHOOK") -> bool:
    (channel,) = [each for each in read_channels({variable: url}) if each.name == variable]
    return channel.send(sent, LOG, NOW, QUICK)


def test_slack_gets_its_own_body_in_which_no_name_can_call_anybody(httpserver: HTTPServer) -> None:
    httpserver.expect_request(HOOK, method="POST").respond_with_data("ok")
    assert send(httpserver.url_for(HOOK), notice("<!channel> Tom & Co\n*fail*", over=("Job\tdaily",)))
    ((request, _),) = httpserver.log
    assert request.get_json() == {
        "text": "*Runs that fail*\n• New: &lt;!channel&gt; Tom &amp; Co *fail*\n• Over: Job daily"
    }


def test_people_get_the_first_ten_lines_and_programs_get_all(httpserver: HTTPServer) -> None:
    many = notice(*(f"text {number}" for number in range(25)), subject=TARGETS)
    httpserver.expect_request("/slack").respond_with_data("ok")
    httpserver.expect_request("/hook").respond_with_json({"accepted": True}, status=202)
    assert send(httpserver.url_for("/slack"), many)
    assert send(httpserver.url_for("/hook"), many, "METRICS_WEBHOOK")
    slack, generic = (request.get_json() for request, _ in httpserver.log)
    assert slack["text"].splitlines()[0] == "*KPI targets missed*"
    assert slack["text"].splitlines()[-2:] == ["• New: text 9", "• … and 15 more"]
    assert [entry["text"] for entry in generic["new"]] == [f"text {number}" for number in range(25)]
    assert generic["new"][0] == {"key": "key text 0", "since": "2026-07-01", "text": "text 0"}
    assert {name: generic[name] for name in ("version", "subject", "title", "sent_at", "over")} == {
        "version": 1,
        "subject": "targets",
        "title": "KPI targets missed",
        "sent_at": "2026-07-02T06:00:00+00:00",
        "over": [],
    }
    assert generic["notice_id"] == many.notice_id


def test_a_channel_that_is_busy_is_asked_again_when_it_says_so(httpserver: HTTPServer) -> None:
    began = time.monotonic()
    httpserver.expect_ordered_request(HOOK).respond_with_data("", status=429, headers={"Retry-After": "1"})
    httpserver.expect_ordered_request(HOOK).respond_with_data("", status=503)
    httpserver.expect_ordered_request(HOOK).respond_with_data("ok")
    assert send(httpserver.url_for(HOOK), notice("text"))
    assert len(httpserver.log) == 3
    assert time.monotonic() - began >= 1


def answer_late(_request: Request) -> Response:
    time.sleep(0.6)
    return Response("ok")


@pytest.mark.parametrize(
    ("trouble", "said", "requests"),
    [
        ("always busy", "status 429", 3),
        ("broken", "status 500", 3),
        ("forbidden", "status 403", 1),
        ("moved", "status 302", 1),
        ("late", "Timeout", 1),  # it may have arrived: not sent again at once
        ("not there", "ConnectionError", 0),
    ],
)
def test_a_channel_that_fails_is_logged_without_its_address(
    httpserver: HTTPServer, caplog: pytest.LogCaptureFixture, trouble: str, said: str, requests: int
) -> None:
    """The address of a webhook is a password, and urllib3 logs it with every retry."""
    url = httpserver.url_for(HOOK)
    handler = httpserver.expect_request(HOOK)
    if trouble == "late":
        handler.respond_with_handler(answer_late)
    elif trouble == "not there":
        url = f"http://127.0.0.1:9{HOOK}"
    else:
        status = {"always busy": 429, "broken": 500, "forbidden": 403, "moved": 302}[trouble]
        handler.respond_with_data("secret-token", status=status, headers={"Location": "/secret-token"})
    with caplog.at_level(logging.DEBUG):
        assert not send(url, notice("Something is wrong"))
    mine = [record.getMessage() for record in caplog.records if record.name == "notices"]
    assert len(mine) == 1
    assert said in mine[0]
    assert "Check METRICS_SLACK_WEBHOOK" in mine[0]
    others = [record.getMessage() for record in caplog.records if record.name != "werkzeug"]
    assert "secret-token" not in "".join(others)
    time.sleep(0.4 if trouble == "late" else 0)
    assert len(httpserver.log) == requests


@pytest.mark.parametrize(
    "address", ["hooks.slack.com/services/secret", "ftp://a/secret", "https://", "https://a:x/"]
)
def test_what_is_no_address_is_refused_by_its_name_alone(address: str) -> None:
    with pytest.raises(ChannelError, match="METRICS_KPI_WEBHOOK is no address") as raised:
        read_channels({"METRICS_KPI_WEBHOOK": address})
    assert "secret" not in str(raised.value)


def test_the_log_takes_everything_where_nothing_is_set(caplog: pytest.LogCaptureFixture) -> None:
    (log,) = read_channels({"METRICS_WEBHOOK": " "})
    with caplog.at_level(logging.INFO, logger="notices"):
        assert log.send(notice("a", over=("b",)), LOG, NOW, QUICK)
        assert log.send(notice(over=("c",)), LOG, NOW, QUICK)
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("ERROR", "Runs that fail\nNew: a\nOver: b"),
        ("INFO", "Runs that fail\nOver: c"),
    ]


def test_a_channel_never_shows_its_address() -> None:
    channels = read_channels({"METRICS_WEBHOOK": "https://a.example/secret"})
    assert "secret" not in repr(channels)
