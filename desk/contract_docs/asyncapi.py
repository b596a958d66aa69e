"""`docs/asyncapi.yaml`: the whole desk as one AsyncAPI 3.0 document.

FastStream could write one itself, but it would know only the topics, because the runtime takes
the records raw: the payloads would be empty. PyYAML comes with the `dev` extra.
"""

from __future__ import annotations

from typing import Any

import yaml

from desk.contract_docs.asyncapi_parts import (
    DEAD_LETTER,
    DEAD_LETTER_HEADERS,
    DEAD_LETTER_MESSAGE,
    HEADERS,
    INFO,
    SERVERS,
    kafka,
)
from desk.contract_docs.goldens import Golden, Goldens
from desk.contract_docs.schemas import described_schema, purpose_of
from desk.contract_docs.words import key_words, participants, spoken
from shared.events.envelope import Event
from shared.events.topics import CATALOGUE, DEAD_LETTERS, EVENT_TYPES, TOPIC_OF, Topic

Part = dict[str, Any]
GENERATED = "# Generated from shared/events; write it again: python -m desk.contract_docs\n"


class _Plain(yaml.SafeDumper):
    """Writes a value that occurs twice out twice: anchors help no reader."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 (yaml's hook)
        return True


def asyncapi_yaml(goldens: Goldens) -> str:
    """The document as YAML. Raises KeyError when an event has no golden example."""
    document = asyncapi(goldens)
    return GENERATED + yaml.dump(
        document, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=100
    )


def asyncapi(goldens: Goldens) -> Part:
    """The document as plain data."""
    return {
        "asyncapi": "3.0.0",
        "id": "urn:contract-desk",
        "info": INFO,
        "defaultContentType": "application/json",
        "servers": SERVERS,
        "channels": {topic.name: _channel(topic) for topic in CATALOGUE},
        "operations": _operations(),
        "components": {
            "schemas": _schemas(),
            "messages": {
                **{name: _message(event, goldens[name]) for name, event in EVENT_TYPES.items()},
                DEAD_LETTER: DEAD_LETTER_MESSAGE,
            },
        },
    }


def _channel(topic: Topic) -> Part:
    return {
        "address": topic.name,
        "summary": topic.purpose,
        "description": f"Record key: {key_words(topic)}. "
        f"Written by {participants(topic.written_by)}; read by {participants(topic.read_by)}.",
        "messages": {
            name: {"$ref": f"#/components/messages/{name}"} for name in _message_names(topic)
        },
        "bindings": kafka(
            topic=topic.name,
            partitions=topic.partitions,
            topicConfiguration=_topic_configuration(topic),
        ),
    }


def _topic_configuration(topic: Topic) -> Part:
    if topic.compacted:
        return {"cleanup.policy": ["compact"]}
    milliseconds = int(topic.retention.total_seconds() * 1000)
    found: Part = {"cleanup.policy": ["delete"], "retention.ms": milliseconds}
    return found | ({"message.timestamp.type": "LogAppendTime"} if topic.broker_time else {})


def _message_names(topic: Topic) -> list[str]:
    if topic.name == DEAD_LETTERS:
        return [DEAD_LETTER]
    return [event.ce_type for event in topic.events]


def _operations() -> Part:
    return {
        f"{_slug(who)}.{action}.{topic.name}": _operation(who, action, topic)
        for topic in CATALOGUE
        for action, parties in (("send", topic.written_by), ("receive", topic.read_by))
        for who in parties
    }


def _operation(who: str, action: str, topic: Topic) -> Part:
    verb = "writes to" if action == "send" else "reads"
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{topic.name}"},
        "summary": f"{spoken(who)} {verb} {topic.name}",
        "tags": [{"name": _slug(who)}],
    }


def _slug(who: str) -> str:
    return spoken(who).replace("'", "").replace(" ", "-")


def _message(event: type[Event], golden: Golden) -> Part:
    fields = ", else ".join(TOPIC_OF[event.ce_type].key)
    return {
        "name": event.ce_type,
        "title": event.ce_type,
        "summary": purpose_of(event),
        "contentType": "application/json",
        "headers": {
            "allOf": [
                {"$ref": "#/components/schemas/CloudEventHeaders"},
                {"type": "object", "properties": {"ce_type": {"const": event.ce_type}}},
            ]
        },
        "payload": {"$ref": f"#/components/schemas/{event.ce_type}"},
        "bindings": kafka(key={"type": "string", "description": f"The value of {fields}."}),
        "examples": [{"name": "golden", "headers": golden.headers, "payload": golden.value}],
    }


def _schemas() -> Part:
    found: Part = {"CloudEventHeaders": HEADERS, "DeadLetterHeaders": DEAD_LETTER_HEADERS}
    for ce_type, event in EVENT_TYPES.items():
        body = described_schema(event, ref_template="#/components/schemas/{model}")
        for name, part in body.pop("$defs", {}).items():
            assert found.setdefault(name, part) == part, f"two different values are named {name}"
        found[ce_type] = body
    return found
