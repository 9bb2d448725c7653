"""What a run on the command line says: one line per stage, with what it did and in what time."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from typing import Any

import dagster as dg

_COUNTED = {
    "files_pulled": "files pulled",
    "files_loaded": "files loaded",
    "rows_loaded": "rows loaded",
    "rows_quarantined": "rows quarantined",
}


class ProgressHandler(logging.Handler):
    """Turns the events of a run into lines for people; everything else of the log goes elsewhere."""

    def __init__(self, write: Callable[[str], None]) -> None:
        super().__init__(logging.DEBUG)
        self._write = write
        self._materialized: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        self._failed_checks: dict[str, list[str]] = defaultdict(list)

    def emit(self, record: logging.LogRecord) -> None:
        meta = getattr(record, "dagster_meta", {})
        event, message = meta.get("dagster_event"), meta.get("orig_message") or record.getMessage()
        if isinstance(event, dg.DagsterEvent):
            self._take(event)
        elif message.startswith("Dependencies for step"):
            self._write(f"{meta.get('step_key') or '':<20} not run: a stage before it failed")
        elif record.levelno >= logging.WARNING:
            self._write(f"  ! {message}")

    def _take(self, event: dg.DagsterEvent) -> None:
        step = event.step_key or ""
        if event.event_type is dg.DagsterEventType.STEP_START:
            self._write(f"{step:<20} …")
        elif event.event_type is dg.DagsterEventType.ASSET_MATERIALIZATION:
            materialization = event.step_materialization_data.materialization
            self._materialized[step].append(
                {name: value.value for name, value in materialization.metadata.items()}
            )
        elif event.event_type is dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            evaluation = event.asset_check_evaluation_data
            if not evaluation.passed:
                asset = evaluation.asset_key.to_user_string()
                self._failed_checks[step].append(
                    f"{evaluation.severity.value} {asset}: {evaluation.check_name}"
                )
        elif event.event_type is dg.DagsterEventType.STEP_SUCCESS:
            seconds = event.step_success_data.duration_ms / 1000
            self._write(f"{step:<20} {seconds:7.1f} s  {describe_stage(self._materialized[step])}")
            self._write_checks(step)
        elif event.event_type is dg.DagsterEventType.STEP_FAILURE:
            self._write(f"{step:<20}  failed")
            self._write_checks(step)
            self._write(_indent(_describe_failure(event)))
        elif event.event_type is dg.DagsterEventType.STEP_SKIPPED:
            self._write(f"{step:<20}  skipped")

    def _write_checks(self, step: str) -> None:
        for text in self._failed_checks[step]:
            self._write(f"  ! {text}")


def describe_stage(materialized: list[Mapping[str, Any]]) -> str:
    """One line of a stage's assets: how many, their rows, what was loaded, and through when."""
    if not materialized:
        return ""
    counts: Counter[str] = Counter()
    for metadata in materialized:
        for name in _COUNTED:
            counts[name] += int(metadata.get(name, 0) or 0)
    unchanged = sum(metadata.get("status") == "unchanged" for metadata in materialized)
    rows = sum(
        int(metadata.get("dagster/row_count", metadata.get("rows", 0)) or 0) for metadata in materialized
    )
    through = max(
        (str(m["data_through"]) for m in materialized if m.get("data_through") not in (None, "None")),
        default=None,
    )
    parts = [f"{len(materialized)} assets"]
    if unchanged:
        parts.append("unchanged" if unchanged == len(materialized) else f"{unchanged} of them unchanged")
    if rows:
        parts.append(f"{rows:,} rows")
    parts += [f"{counts[name]:,} {label}" for name, label in _COUNTED.items() if counts[name]]
    if through:
        parts.append(f"data through {through[:16]}")
    return ", ".join(parts)


def build_progress_logger(write: Callable[[str], None]) -> dg.LoggerDefinition:
    """A Dagster logger that gives a run's progress to ``write``, a line at a time."""

    @dg.logger({}, description="One line per stage, for people at a command line")
    def progress(_context: dg.InitLoggerContext) -> logging.Logger:
        logger = logging.Logger("progress", logging.DEBUG)
        logger.addHandler(ProgressHandler(write))
        return logger

    return progress


def build_text_logger(write: Callable[[str], None]) -> logging.Logger:
    """A logger that gives what it is told to ``write``, indented, as what deserves a look."""

    class TextHandler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            write("\n".join(f"  ! {line}" for line in record.getMessage().splitlines()))

    logger = logging.Logger("notices", logging.INFO)
    logger.addHandler(TextHandler())
    return logger


def _describe_failure(event: dg.DagsterEvent) -> str:
    failure = event.step_failure_data
    if failure.user_failure_data and failure.user_failure_data.description:
        return str(failure.user_failure_data.description)
    error = failure.error
    # Dagster wraps what our code raised; the innermost cause is the one that says what to do.
    while error is not None and error.cause is not None:
        error = error.cause
    return str(error.message).strip() if error else "no reason given"


def _indent(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())
