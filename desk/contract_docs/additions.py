"""The desk's additions to the required minimum: topics, events, fields, readers and writers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from desk.contract_docs.minimum import EVENTS, LENIENT, TOPICS, Fields
from desk.contract_docs.words import spoken
from shared.events.envelope import Event
from shared.events.topics import CATALOGUE, Topic


def additions() -> list[str]:
    """Markdown: an introduction and a list. Nobody needs any of it to use the minimum."""
    return [
        "The contract's required minimum leaves room for more. This is what the desk has added; "
        "who uses only the minimum can ignore it.",
        "\n".join(f"- {line}" for line in _lines()),
    ]


def _lines() -> Iterator[str]:
    for topic in CATALOGUE:
        if topic.name not in TOPICS:
            yield f"Topic `{topic.name}` ({_listed(_types(topic))}), internal to the desk."
            continue
        yield from _participant_lines(topic)
        yield from _event_lines(topic, EVENTS.get(topic.name))
    yield from LENIENT.values()


def _participant_lines(topic: Topic) -> Iterator[str]:
    minimum = TOPICS[topic.name]
    for verb, actual, least in (
        ("written", topic.written_by, minimum.written_by),
        ("read", topic.read_by, minimum.read_by),
    ):
        if more := [spoken(name) for name in actual if spoken(name) not in least]:
            yield f"`{topic.name}` is also {verb} by {', '.join(more)}."


def _event_lines(topic: Topic, minimum: Mapping[str, Fields] | None) -> Iterator[str]:
    if minimum is None:
        if topic.events:
            yield f"`{topic.name}`: the types {_listed(_types(topic))}, internal to the desk."
        return
    if more := [name for name in _types(topic) if name not in minimum]:
        yield f"`{topic.name}`: the type {_listed(more)}."
    for fields, types in _by_added_fields(topic, minimum).items():
        where = "every type" if len(types) == len(minimum) > 1 else _listed(types)
        yield f"`{topic.name}`, {where}: {_listed(fields)}."


def _by_added_fields(
    topic: Topic, minimum: Mapping[str, Fields]
) -> dict[tuple[str, ...], list[str]]:
    found: dict[tuple[str, ...], list[str]] = {}
    for event in topic.events:
        if event.ce_type not in minimum:
            continue
        if fields := added_fields(event, minimum[event.ce_type]):
            found.setdefault(fields, []).append(event.ce_type)
    return found


def added_fields(event: type[Event], minimum: Fields) -> tuple[str, ...]:
    """The fields of `event` that the minimum does not name, in the model's order."""
    known = {*minimum.required.split(), *minimum.optional.split()}
    return tuple(name for name in event.model_fields if name not in known)


def _types(topic: Topic) -> list[str]:
    return [event.ce_type for event in topic.events]


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
