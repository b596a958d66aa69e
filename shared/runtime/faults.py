"""The four fates of a message, decided in one place.

*Decided* is the rule: a refusal is an event. The others are the exceptions below.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from aiokafka.errors import (
    KafkaError,
    MessageSizeTooLargeError,
    OutOfOrderSequenceNumber,
    ProducerFenced,
)
from bson.errors import InvalidDocument
from pymongo.errors import OperationFailure

from shared.events.envelope import Ref
from shared.mongo.client import PyMongoError
from shared.runtime.reason import Reason as Reason


class Unreadable(Exception):
    """The record is not an event that this service can read; `error` holds no personal data."""

    def __init__(self, reason: Reason, error: str) -> None:
        super().__init__(error)
        self.reason = reason
        self.error = error


class Outage(Exception):
    """A dependency is away. Nothing was committed; the same batch is tried again later."""

    def __init__(self, dependency: str, error: str) -> None:
        super().__init__(f"{dependency}: {error}")
        self.dependency = dependency


class NewerRelease(Exception):
    """A newer release wrote the record; what follows from its state, this one cannot know."""

    def __init__(self, ref: Ref) -> None:
        super().__init__(f"{ref.kind} was written by a newer release")


class ProducerDead(Exception):
    """This producer can never send again; the process must end and be started anew."""


UNSTORABLE = (InvalidDocument, OverflowError, UnicodeEncodeError)
"""What BSON raises for a value that no database can hold: our defect, not an outage."""


@contextmanager
def mongodb_errors_as_outage() -> Iterator[None]:
    """Turn a MongoDB failure into an `Outage`. A value that BSON cannot hold passes through."""
    try:
        yield
    except OperationFailure as error:
        raise Outage("mongodb", f"{type(error).__name__} {error.code}") from error
    except PyMongoError as error:
        raise Outage("mongodb", type(error).__name__) from error


@contextmanager
def kafka_errors_as_outage() -> Iterator[None]:
    """Turn a Kafka failure into an `Outage`, or `ProducerDead` where waiting is no use."""
    try:
        yield
    except (OutOfOrderSequenceNumber, ProducerFenced) as error:
        raise ProducerDead(type(error).__name__) from error
    except MessageSizeTooLargeError:
        raise
    except KafkaError as error:
        raise Outage("kafka", type(error).__name__) from error


def described(defect: BaseException) -> str:
    """The kind and the place of a defect; never its message, which may quote personal data."""
    place = defect.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f" in {place.tb_frame.f_code.co_name}:{place.tb_lineno}" if place else ""
    return f"{type(defect).__name__}{where}"
