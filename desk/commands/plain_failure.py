"""Ends a command with a sentence instead of a traceback, for every failure that is expected."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from desk.commands.errors import DeskError


@contextmanager
def told_plainly() -> Iterator[None]:
    """End the process with a message instead of a traceback for every expected failure."""
    try:
        yield
    except DeskError as error:
        _end(error)
    except Exception as error:
        expected: DeskError | None = importlib.import_module("desk.commands.failures").expected(
            error
        )
        if expected is None:
            raise
        _end(expected)


def _end(error: DeskError) -> None:
    sys.stderr.write(f"error: {error}\n")
    sys.exit(error.code)
