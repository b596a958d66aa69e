"""Failures that a person can do something about: a sentence and an exit code, no traceback."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager

FAILED = 1
WRONG_USE = 2


class DeskError(Exception):
    """What went wrong and what to do about it, one sentence each. `code` is the exit code."""

    def __init__(self, message: str, *, code: int = WRONG_USE) -> None:
        super().__init__(message)
        self.code = code


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
