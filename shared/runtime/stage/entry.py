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
    source: str, letter: IncomingMessage, ref: Ref, events: Sequence[Event], at: datetime
) -> Document:
    """`source` is the service that decided the message for `ref`, at `at`."""
    message, record = letter.read.message, letter.record
    cause = message_uuid(message.source, message.id)
    owner = f"{source} {ref.kind} {ref.id} {letter.read.digest}"
    entry: Document = {
        "message_id": letter.message_id,
        "digest": letter.read.digest,
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "at": at,
        "causation_id": message.id,
        "correlation_id": _led_by(letter),
        "events": [
            {
                "id": caused_event_id(cause, owner, index),
                "type": event.ce_type,
                "data": codec.dump(event),
            }
            for index, event in enumerate(events, start=1)
        ],
    }
    if letter.read.meaning != letter.read.digest:
        entry["meaning"] = letter.read.meaning
    if message.traceparent:
        entry["traceparent"] = message.traceparent
    return entry


def _led_by(letter: IncomingMessage) -> str | None:
    """The id of the submission that led to the message, or None where it cannot say."""
    topic, message = TOPICS[letter.record.topic], letter.read.message
    if topic.begins:
        return message.id
    return message.correlation_id if topic.led else None
