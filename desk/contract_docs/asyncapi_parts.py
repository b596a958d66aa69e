"""The parts of the AsyncAPI document that no catalogue holds."""

from __future__ import annotations

from typing import Any

from desk.contract_docs import headers
from desk.contract_docs.headers import schema_of

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


HEADERS: Part = schema_of(
    headers.HEADERS, "The CloudEvents attributes as record headers, each a UTF-8 string."
)

DEAD_LETTER = "dead-letter"

DEAD_LETTER_HEADERS: Part = schema_of(
    headers.DEAD_LETTER_HEADERS, "The original headers, and these."
)

DEAD_LETTER_MESSAGE: Part = {
    "name": DEAD_LETTER,
    "title": "A record that could not be decided",
    "summary": "The original key, value and headers untouched, plus where it came from and why.",
    "headers": {"$ref": "#/components/schemas/DeadLetterHeaders"},
    "payload": {"description": "The original value, byte for byte; it may not even be JSON."},
    "bindings": kafka(key={"type": "string", "description": "The original key."}),
}
