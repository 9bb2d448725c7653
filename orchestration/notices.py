"""Telling people that something is wrong: in the log always, in Slack where a webhook is given."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import requests

WEBHOOK_VARIABLE = "METRICS_SLACK_WEBHOOK"
_TIMEOUT_SECONDS = 10


def send_notice(text: str, environ: Mapping[str, str], log: logging.Logger) -> bool:
    """Logs ``text`` as an error and posts it to the Slack webhook that ``environ`` names, if any.

    Returns whether Slack has it. A webhook that does not answer is logged, and is no error: the notice stands
    in the log, and the one who sends must not fail over it. The webhook's address is a secret and is never
    logged.
    """
    log.error(text)
    webhook = environ.get(WEBHOOK_VARIABLE)
    if not webhook:
        return False
    try:
        response = requests.post(
            webhook, json={"text": text}, timeout=_TIMEOUT_SECONDS, allow_redirects=False
        )
    except requests.RequestException as error:
        # The exception's text holds the address.
        log.error(
            f"The notice could not be posted to Slack: {type(error).__name__}. Check {WEBHOOK_VARIABLE}."
        )
        return False
    if response.status_code != requests.codes.ok:
        log.error(f"Slack refused the notice with status {response.status_code}. Check {WEBHOOK_VARIABLE}.")
        return False
    return True
