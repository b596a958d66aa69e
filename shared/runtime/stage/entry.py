"""The entry of a history: which message was decided, when, and the events that it caused."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from shared.events.envelope import Event, Ref, caused_event_id, message_uuid
from shared.events.topics import TOPICS
from shared.mongo.client import Document
from shared.runtime import codec
from shared.runtime.stage.batch import IncomingMessage


def entry_of(
    source: str, received: IncomingMessage, ref: Ref, events: Sequence[Event], at: datetime
) -> Document:
    """`source` is the service that decided the message for `ref`, at `at`."""
    message, record = received.read.message, received.record
    cause = message_uuid(message.source, message.id)
    owner = f"{source} {ref.kind} {ref.id} {received.read.digest}"
    entry: Document = {
        "message_id": received.message_id,
        "digest": received.read.digest,
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "at": at,
        "causation_id": message.id,
        "correlation_id": _led_by(received),
        "events": [
            {
                "id": caused_event_id(cause, owner, index),
                "type": event.ce_type,
                "data": codec.dump(event),
            }
            for index, event in enumerate(events, start=1)
        ],
    }
    if received.read.meaning != received.read.digest:
        entry["meaning"] = received.read.meaning
    if message.traceparent:
        entry["traceparent"] = message.traceparent
    return entry


def _led_by(received: IncomingMessage) -> str | None:
    """The id of the submission that led to the message, or None where it cannot say."""
    topic, message = TOPICS[received.record.topic], received.read.message
    if topic.begins:
        return message.id
    return message.correlation_id if topic.led else None
