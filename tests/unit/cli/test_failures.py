"""Failures of a secured desk in words: who was refused, and what says who may do what."""

from __future__ import annotations

import pytest
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    KafkaConnectionError,
    TopicAuthorizationFailedError,
)
from pymongo.errors import OperationFailure, ServerSelectionTimeoutError

from desk.commands.failures import expected
from shared.kafka.errors import kafka_errors_as_outage
from shared.mongo.errors import mongodb_errors_as_outage
from shared.outage import Outage

SECURED = "KAFKA_SECURITY_PROTOCOL"


def told(error: Exception) -> str:
    at_work = (
        mongodb_errors_as_outage
        if type(error).__module__.startswith("pymongo")
        else kafka_errors_as_outage
    )
    with pytest.raises(Outage) as outage, at_work():
        raise error
    return str(expected(outage.value))


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (TopicAuthorizationFailedError(), ("the broker refuses", "`desk acl kafka`")),
        (GroupAuthorizationFailedError(), ("the broker refuses", "KAFKA_USERNAME")),
        (OperationFailure("no", 13), ("the database refuses", "`desk acl mongodb`")),
        (OperationFailure("no", 18), ("the database refuses", "MONGO_URL")),
        (OperationFailure("no", 11600), ("the database does not answer", "`desk doctor`")),
        (ServerSelectionTimeoutError(), ("the database does not answer", "`desk doctor`")),
        (KafkaConnectionError(), ("the broker does not answer", "`desk doctor`")),
    ],
    ids=lambda it: type(it).__name__ if isinstance(it, Exception) else None,
)
def test_a_refusal_is_not_called_an_absence(
    monkeypatch: pytest.MonkeyPatch, error: Exception, words: tuple[str, ...]
) -> None:
    monkeypatch.delenv(SECURED, raising=False)
    assert all(some in told(error) for some in words), told(error)


def test_where_security_is_configured_silence_may_be_a_wrong_user(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(SECURED, "SASL_SSL")
    assert "KAFKA_PASSWORD" in told(KafkaConnectionError())
    assert "KAFKA_PASSWORD" not in told(ServerSelectionTimeoutError())
