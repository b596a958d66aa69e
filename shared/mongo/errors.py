"""Translates the driver's errors for a batch: an outage, or a value that no database can hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from typing import Any

from bson.errors import InvalidDocument
from pymongo.errors import BulkWriteError, OperationFailure, PyMongoError

from shared.outage import Forbidden, Outage

UNSTORABLE = (InvalidDocument, OverflowError, UnicodeEncodeError)
"""Raised by BSON for a value that no database can hold: our defect, not an outage."""
UNAUTHORIZED = frozenset({13, 18})
"""MongoDB's codes: a user without the right, and a wrong password."""
DUPLICATE_KEY = 11000
TOO_LARGE_OR_INVALID = frozenset({2, 121, 10334, 17419, 17420})


class Refusal(Enum):
    """The reason for which the database refused one write of a bulk."""

    DUPLICATE_ID = "another document has this `_id`"
    DUPLICATE_VALUE = "another document has this value of a unique index"
    UNSTORABLE = "too large, or not valid"
    OTHER = "anything else"


@dataclass(frozen=True, slots=True)
class RefusedWrite:
    """The write at `index` of a bulk, and MongoDB's code."""

    index: int
    code: int
    why: Refusal

    @classmethod
    def of(cls, error: Mapping[str, Any]) -> RefusedWrite:
        return cls(error["index"], error.get("code", 0), _refusal(error))


class WritesRefused(Outage):
    """The database refused some writes of a bulk and has done the others."""

    def __init__(self, error: BulkWriteError) -> None:
        super().__init__("mongodb", f"{type(error).__name__} {error.code}")
        details = error.details or {}
        self.writes = tuple(map(RefusedWrite.of, details.get("writeErrors", ())))
        self._unsure = bool(details.get("writeConcernErrors"))

    @property
    def only_duplicate_ids(self) -> bool:
        """Whether each refused document was there already, and the others are safe."""
        whys = {write.why for write in self.writes}
        return whys == {Refusal.DUPLICATE_ID} and not self._unsure


@contextmanager
def mongodb_errors_as_outage() -> Iterator[None]:
    """Turn a MongoDB failure into an `Outage`, that of a bulk into `WritesRefused`.

    A value that BSON cannot hold passes through.
    """
    try:
        yield
    except BulkWriteError as error:
        raise WritesRefused(error) from error
    except OperationFailure as error:
        kind = Forbidden if error.code in UNAUTHORIZED else Outage
        raise kind("mongodb", f"{type(error).__name__} {error.code}") from error
    except PyMongoError as error:
        raise Outage("mongodb", type(error).__name__) from error


def _refusal(error: Mapping[str, Any]) -> Refusal:
    if error.get("code") in TOO_LARGE_OR_INVALID:
        return Refusal.UNSTORABLE
    if error.get("code") != DUPLICATE_KEY:
        return Refusal.OTHER
    unique = error.get("keyPattern", {"_id": 1})
    return Refusal.DUPLICATE_ID if "_id" in unique else Refusal.DUPLICATE_VALUE
