"""The parts of the AsyncAPI document that no catalogue holds."""

from __future__ import annotations

from typing import Any

from shared.runtime.reason import Reason

Part = dict[str, Any]


def kafka(**binding: Any) -> Part:
    return {"kafka": {**binding, "bindingVersion": "0.5.0"}}


INFO: Part = {
    "title": "contract-desk",
    "version": "1.0.0",
    "description": (
        "The one-stop window for contract requests. Every record is a CloudEvent 1.0 in Kafka's "
        "binary content mode: the value is the event's data as JSON, the headers say the rest. "
        "docs/events.md says the same for people."
    ),
    "license": {
        "name": "Apache-2.0",
        "url": "https://www.apache.org/licenses/LICENSE-2.0",
    },
}

SERVERS: Part = {
    "kafka": {
        "host": "{bootstrap}",
        "protocol": "kafka",
        "description": "The desk's Kafka cluster: the setting KAFKA_BOOTSTRAP_SERVERS.",
        "variables": {"bootstrap": {"default": "localhost:9092"}},
    }
}


def _text(description: str, **more: Any) -> Part:
    return {"type": "string", "description": description, **more}


HEADERS: Part = {
    "type": "object",
    "description": "The CloudEvents attributes as record headers, each a UTF-8 string.",
    "required": [
        "ce_specversion",
        "ce_id",
        "ce_source",
        "ce_type",
        "ce_time",
        "ce_subject",
        "content-type",
    ],
    "properties": {
        "ce_specversion": {"const": "1.0"},
        "ce_id": _text("With ce_source it identifies the message."),
        "ce_source": _text("Who wrote it.", examples=["/channels/web", "/services/cancellation"]),
        "ce_type": _text("The event type.", pattern=r"\.v1$"),
        "ce_time": _text("RFC 3339, UTC.", format="date-time"),
        "ce_subject": _text("The id of the aggregate that it is about."),
        "content-type": {"const": "application/json"},
        "ce_correlationid": _text("The id of the submission that started it all."),
        "ce_causationid": _text("The id of the message that caused this event."),
        "ce_dataschema": _text("The address of the data's JSON Schema.", format="uri"),
        "traceparent": _text("W3C trace context."),
    },
}

DEAD_LETTER = "dead-letter"

DEAD_LETTER_HEADERS: Part = {
    "type": "object",
    "description": "The original headers, and these.",
    "required": [
        "dl_topic",
        "dl_partition",
        "dl_offset",
        "dl_service",
        "dl_reason",
        "dl_error",
        "dl_at",
    ],
    "properties": {
        "dl_topic": _text("The topic that the record came from."),
        "dl_partition": _text("Its partition.", pattern="^[0-9]+$"),
        "dl_offset": _text("Its offset.", pattern="^[0-9]+$"),
        "dl_service": _text("The service that gave it up."),
        "dl_reason": _text("Why.", enum=[reason.value for reason in Reason]),
        "dl_error": _text("What was wrong, without the record's values."),
        "dl_at": _text("When, RFC 3339.", format="date-time"),
    },
}

DEAD_LETTER_MESSAGE: Part = {
    "name": DEAD_LETTER,
    "title": "A record that could not be decided",
    "summary": "The original key, value and headers untouched, plus where it came from and why.",
    "headers": {"$ref": "#/components/schemas/DeadLetterHeaders"},
    "payload": {"description": "The original value, byte for byte; it may not even be JSON."},
    "bindings": kafka(key={"type": "string", "description": "The original key."}),
}
