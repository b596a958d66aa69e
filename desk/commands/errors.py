"""Failures that a person can do something about: a sentence and an exit code, no traceback."""

from __future__ import annotations

FAILED = 1
WRONG_USE = 2


class DeskError(Exception):
    """Says what failed and how to fix it, one sentence each. `code` is the exit code."""

    def __init__(self, message: str, *, code: int = WRONG_USE) -> None:
        super().__init__(message)
        self.code = code
