"""One publisher at a time, and files that are replaced whole or not at all."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from orchestration.durable import replace_file


class PublisherBusyError(RuntimeError):
    """Another process publishes; the message names it."""


@contextmanager
def publisher_lock(path: Path, holder: str) -> Iterator[None]:
    """Holds ``published/.lock`` against other publishers; readers never look at it.

    Raises PublisherBusyError, which names the holder, if another process has it. The operating system
    releases it with the process, however that ends.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise PublisherBusyError(
                f"{path} is held by {file.read().strip() or 'an unnamed process'}: "
                "wait until it has finished, then run again"
            ) from error
        file.truncate(0)
        file.write(f"{holder}, process {os.getpid()}")
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)


def publish_file(new: Path, target: Path, mode: int, previous: Path | None = None) -> None:
    """Puts ``new`` in the place of ``target`` in one step; ``previous``, if given, keeps the old content."""
    new.chmod(mode)
    if previous is not None and target.exists():
        link = previous.with_name(f".{previous.name}.tmp")
        link.unlink(missing_ok=True)
        link.hardlink_to(target)
        link.replace(previous)
        # Renaming onto another name of the same file does nothing: so it is after a publisher that was killed
        # between this line and the next but one.
        link.unlink(missing_ok=True)
    replace_file(new, target)
