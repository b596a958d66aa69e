"""Failures that a person can do something about: a sentence and an exit code, no traceback."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import ValidationError

from desk.embedded.child import ChildError
from shared.runtime.faults import Outage
from shared.settings import faults_of

FAILED = 1
WRONG_USE = 2

AWAY = {
    "kafka": "the broker does not answer",
    "mongodb": "the database does not answer",
}


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
        _end(str(error), error.code)
    except Outage as outage:
        what = AWAY.get(outage.dependency, f"{outage.dependency} does not answer")
        advice = "Is `desk up` still running? `desk doctor` says what is missing."
        _end(f"{what} ({outage}).\n{advice}", FAILED)
    except ChildError as error:
        _end(str(error), FAILED)
    except ValidationError as error:
        _end(faults_of(error), WRONG_USE)


def _end(message: str, code: int) -> None:
    sys.stderr.write(f"error: {message}\n")
    sys.exit(code)
