"""Translates the Kafka client's errors for a batch: an outage, or a producer that is dead."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from aiokafka.errors import (
    AuthenticationFailedError,
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    MessageSizeTooLargeError,
    OutOfOrderSequenceNumber,
    ProducerFenced,
    SaslAuthenticationFailed,
    TopicAuthorizationFailedError,
)
from aiokafka.errors import (
    KafkaError as KafkaError,
)

from shared.outage import Forbidden, Outage

REFUSALS = (
    AuthenticationFailedError,
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    SaslAuthenticationFailed,
    TopicAuthorizationFailedError,
)


class ProducerDead(Exception):
    """This producer can never send again; the process must end and be restarted."""


@contextmanager
def kafka_errors_as_outage() -> Iterator[None]:
    """Turn a Kafka failure into an `Outage`, or `ProducerDead` where waiting is no use.

    OSError is one, since the client passes on what the system says of a connection. A record that
    is too large passes through: that is our defect.
    """
    try:
        yield
    except (OutOfOrderSequenceNumber, ProducerFenced) as error:
        raise ProducerDead(type(error).__name__) from error
    except MessageSizeTooLargeError:
        raise
    except REFUSALS as error:
        raise Forbidden("kafka", type(error).__name__) from error
    except (KafkaError, OSError) as error:
        raise Outage("kafka", type(error).__name__) from error
