"""What the Spark tests need of the machine: they say what is missing, and skip in no other case."""

from __future__ import annotations

import os
from importlib.util import find_spec

import pytest

from orchestration.spark import SparkUnavailableError, find_java


def find_obstacle() -> str | None:
    """Why Spark cannot run here; None where it can."""
    if find_spec("pyspark") is None:
        return "the `spark` extra is not installed"
    try:
        find_java(os.environ)
    except SparkUnavailableError as error:
        return str(error)
    return None


OBSTACLE = find_obstacle()
needs_spark = [
    pytest.mark.spark,
    pytest.mark.skipif(OBSTACLE is not None, reason=str(OBSTACLE)),
    pytest.mark.timeout(3600),
]
