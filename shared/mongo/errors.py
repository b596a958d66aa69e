"""What the driver's errors mean for a batch: an outage, or a value that no database can hold."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bson.errors import InvalidDocument
from pymongo.errors import OperationFailure, PyMongoError

from shared.outage import Forbidden, Outage

UNSTORABLE = (InvalidDocument, OverflowError, UnicodeEncodeError)
"""What BSON raises for a value that no database can hold: our defect, not an outage."""

UNAUTHORIZED = frozenset({13, 18})
"""MongoDB's codes: a user without the right, and a wrong password."""


@contextmanager
def mongodb_errors_as_outage() -> Iterator[None]:
    """Turn a MongoDB failure into an `Outage`. A value that BSON cannot hold passes through."""
    try:
        yield
    except OperationFailure as error:
        kind = Forbidden if error.code in UNAUTHORIZED else Outage
        raise kind("mongodb", f"{type(error).__name__} {error.code}") from error
    except PyMongoError as error:
        raise Outage("mongodb", type(error).__name__) from error
