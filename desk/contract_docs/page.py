"""`docs/events.md`: the event contract for the people who build channels, billing, operations."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from desk.contract_docs.additions import additions
from desk.contract_docs.closed_sets import OPEN_SETS, Meanings, OpenSet
from desk.contract_docs.goldens import Golden, Goldens
from desk.contract_docs.headers import DEAD_LETTER_HEADERS, HEADERS
from desk.contract_docs.page_texts import INTRODUCTION, READERS
from desk.contract_docs.schemas import MEANINGS, described_schema, event_schemas
from desk.contract_docs.words import key_words, participants, retention_words, type_words
from shared.events.envelope import Event
from shared.events.topics import CATALOGUE, DEAD_LETTERS, Topic

Schema = Mapping[str, Any]
Rows = Sequence[Sequence[str]]


def events_page(goldens: Goldens) -> str:
    """The whole page. Raises KeyError when an event has no golden example."""
    schemas = event_schemas()
    parts = [
        INTRODUCTION,
        *_readers(),
        "## Envelope",
        _table(("header", "says", "present"), [header.row for header in HEADERS]),
        "## Topics",
        _topic_table(),
        _broker_time(),
    ]
    for topic in CATALOGUE:
        parts += _topic(topic, goldens)
    parts += ["## Shared values", *_shared_values(schemas)]
    parts += ["## Words that events use", *_words(schemas)]
    parts += ["## Beyond the required minimum", *additions()]
    return "\n\n".join(parts) + "\n"


def _readers() -> Iterator[str]:
    yield "## Which part is yours"
    yield _table(("you build", "you write", "you read"), READERS)


def _topic_table() -> str:
    rows = [
        (
            _link(topic.name),
            key_words(topic),
            participants(topic.written_by),
            participants(topic.read_by),
            retention_words(topic),
            str(topic.partitions),
            "yes" if topic.compacted else "no",
        )
        for topic in CATALOGUE
    ]
    head = ("topic", "key", "written by", "read by", "kept", "partitions", "compacted")
    return _table(head, rows)


def _broker_time() -> str:
    return (
        "Records on `desk.*` carry the broker's time (`message.timestamp.type=LogAppendTime`); on "
        "the other topics their owners decide."
    )


def _link(topic: str) -> str:
    return f"[`{topic}`](#{topic.replace('.', '')})"


def _topic(topic: Topic, goldens: Goldens) -> Iterator[str]:
    yield f"## {topic.name}"
    yield (
        f"{topic.purpose} Key: {key_words(topic)}. Written by {participants(topic.written_by)}; "
        f"read by {participants(topic.read_by)}. Kept: {retention_words(topic)}."
    )
    if topic.answers_faults:
        yield (
            "A record that is sound JSON of a type below but breaks a rule is answered on "
            "`desk.rejections`, every faulty field at once."
        )
    if topic.forms_answered_by:
        yield (
            "A JSON object of a type below, in a sound envelope, that breaks its form is answered "
            f"on `desk.rejections` by {participants((topic.forms_answered_by,))}, every faulty "
            "field at once; it becomes no dead letter."
        )
    if topic.name == DEAD_LETTERS:
        untouched = ("all original headers", "untouched, like the key and the value")
        yield _table(("header", "says"), [*(it.row[:2] for it in DEAD_LETTER_HEADERS), untouched])
    for event in topic.events:
        yield from _event(event, goldens[event.ce_type])


def _event(event: type[Event], golden: Golden) -> Iterator[str]:
    schema = described_schema(event, ref_template="#/$defs/{model}")
    yield f"### {event.ce_type}"
    yield f"{schema['description']} ([JSON Schema](schemas/{event.ce_type}.json))"
    yield _field_table(schema, schema.get("$defs", {}))
    yield _example(golden)


def _field_table(schema: Schema, defs: Schema) -> str:
    required = schema.get("required", ())
    rows = [
        (f"`{name}`", type_words(part, defs), _presence(name in required, part), _meaning(part))
        for name, part in schema["properties"].items()
    ]
    return _table(("field", "type", "required", "meaning"), rows)


def _presence(required: bool, part: Schema) -> str:
    if required:
        return "yes"
    default = part.get("default")
    return "no" if default in (None, []) else f"no (`{str(default).lower()}`)"


def _meaning(part: Schema) -> str:
    return str(part.get("description", "")).replace("|", r"\|")


def _example(golden: Golden) -> str:
    headers = "\n".join(f"{name}: {value}" for name, value in golden.headers.items())
    value = json.dumps(golden.value, ensure_ascii=False, indent=2)
    return (
        f"<details><summary>Example</summary>\n\n"
        f"```text\ntopic: {golden.topic}\nkey: {golden.key}\n{headers}\n```\n\n"
        f"```json\n{value}\n```\n\n</details>"
    )


def _shared_values(schemas: Mapping[str, Schema]) -> Iterator[str]:
    defs: dict[str, Any] = {}
    for schema in schemas.values():
        defs |= schema.get("$defs", {})
    for name in sorted(defs):
        if "properties" in defs[name]:
            yield f"### {name}"
            if said := " ".join(defs[name].get("description", "").split()):
                yield said
            yield _field_table(defs[name], defs)


def _words(schemas: Mapping[str, Schema]) -> Iterator[str]:
    yield (
        "What each word of a closed set means. Those that belong to a shared value stand in its "
        "schema as `enum`, the others as `examples`; `x-meanings` has the sentences. Any of these "
        "sets may grow: treat a word that you do not know as one that calls for a person."
    )
    defs: dict[str, Any] = {}
    for schema in schemas.values():
        defs |= schema.get("$defs", {})
    for name in sorted(defs):
        if MEANINGS in defs[name]:
            yield f"### {name}"
            if said := " ".join(defs[name].get("description", "").split()):
                yield said
            yield _word_table(defs[name][MEANINGS])
    for words in OPEN_SETS:
        yield f"### {_title(words)}"
        yield _word_table(words.words)


def _title(words: OpenSet) -> str:
    field = words.fields[0][1]
    owners = [f"`{owner}`" for owner, _ in words.fields if owner != "*"]
    return f"`{field}` of {' and '.join(owners) or 'every decision'}"


def _word_table(meanings: Meanings) -> str:
    return _table(("word", "means"), [(f"`{it}`", said) for it, said in meanings.items()])


def _table(head: Sequence[str], rows: Rows) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
