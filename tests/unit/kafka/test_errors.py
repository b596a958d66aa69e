"""`kafka_errors_as_outage` translates the Kafka client's errors."""

from __future__ import annotations

import pytest
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    KafkaConnectionError,
    MessageSizeTooLargeError,
    NotEnoughReplicasError,
    OutOfOrderSequenceNumber,
    ProducerFenced,
    SaslAuthenticationFailed,
    TopicAuthorizationFailedError,
)

from shared.kafka.errors import ProducerDead, kafka_errors_as_outage
from shared.outage import Forbidden, Outage


@pytest.mark.parametrize(
    ("error", "means"),
    [
        (KafkaConnectionError(), Outage),
        (NotEnoughReplicasError(), Outage),
        (ConnectionResetError(), Outage),
        (TimeoutError(), Outage),
        (TopicAuthorizationFailedError("desk.timers"), Forbidden),
        (GroupAuthorizationFailedError("desk.cancellation"), Forbidden),
        (SaslAuthenticationFailed(), Forbidden),
        (ProducerFenced(), ProducerDead),
        (OutOfOrderSequenceNumber(), ProducerDead),
        (MessageSizeTooLargeError(), MessageSizeTooLargeError),
        (ZeroDivisionError(), ZeroDivisionError),
    ],
    ids=lambda it: type(it).__name__ if isinstance(it, Exception) else None,
)
def test_an_error_is_an_outage_a_refusal_a_dead_producer_or_our_defect(
    error: Exception, means: type[Exception]
) -> None:
    with pytest.raises(Exception) as raised, kafka_errors_as_outage():  # noqa: PT011
        raise error
    assert type(raised.value) is means
