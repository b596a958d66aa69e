"""Reads the events of a JSON file, checks them, and makes records of them.

Every fault of a file is named at once, and nothing is sent while there is one.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from uuid import uuid4

from pydantic import ValidationError

from desk.commands.errors import DeskError
from shared.events.topics import EVENT_TYPES, TOPIC_OF, TOPICS
from shared.events.values import Channel
from shared.runtime.codec import MAX_ID_CHARS, MAX_RECORD_BYTES, Envelope

SUBMISSIONS = "desk.submissions"
SHAPE = '{"ce_type": "…", "ce_id"?: "…", "source"?: "…", "data": {…}} or a list of those'
KNOWN_KEYS = frozenset({"ce_type", "ce_id", "source", "data"})
SOURCES = {
    "desk.agent-actions": "/agents/desk",
    "registry.contracts": "/registry",
    "billing.invoices": "/billing",
}
"""Who publishes, where a file does not say; what services write must name its source."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One event on its way to Kafka."""

    ce_type: str
    ce_id: str
    source: str
    data: dict[str, Any]

    @property
    def key(self) -> str:
        """The first key field that is there; empty where a faulty submission has none."""
        fields = (self.data.get(name) for name in TOPIC_OF[self.ce_type].key)
        return next((str(value) for value in fields if isinstance(value, str | int)), "")

    def record(self, at: datetime) -> Envelope:
        """The record, in CloudEvents' binary mode, published `at` (timezone-aware)."""
        headers = {
            "ce_specversion": "1.0",
            "ce_id": self.ce_id,
            "ce_source": self.source,
            "ce_type": self.ce_type,
            "ce_time": at.astimezone(UTC).isoformat(timespec="milliseconds"),
            "ce_subject": self.key,
            "content-type": "application/json",
        }
        return Envelope(
            TOPIC_OF[self.ce_type].name,
            self.key,
            self.ce_type,
            [(name, value.encode()) for name, value in headers.items() if value],
            self._value(),
        )

    def _value(self) -> bytes:
        return json.dumps(self.data, ensure_ascii=False, separators=(",", ":")).encode()

    def faults(self, *, checked: bool) -> Iterator[str]:
        """Reasons not to send the event; `checked`: faulty fields are reasons, too."""
        size = len(self._value())
        if size > MAX_RECORD_BYTES:
            yield f"data is {size} bytes long; at most {MAX_RECORD_BYTES} are accepted"
        if not checked:
            return
        try:
            EVENT_TYPES[self.ce_type].model_validate(self.data)
        except ValidationError as error:
            for fault in error.errors(include_url=False, include_context=False):
                yield f"data.{'.'.join(map(str, fault['loc']))}: {fault['msg']}"
            return
        if not self.key:
            yield f"data names no {' or '.join(TOPIC_OF[self.ce_type].key)}: it has no record key"


def load(file: str) -> str:
    """The text of a file, or of standard input for `-`. Raises `DeskError`."""
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise DeskError(f"there is no file {file}.") from None
    except UnicodeDecodeError:
        raise DeskError(f"{file} is not UTF-8 text; save it as UTF-8.") from None
    except OSError as error:
        raise DeskError(f"{file} cannot be read: {error.strerror}.") from None


def checked(outgoing: Sequence[Outgoing], name: str) -> None:
    """Raises `DeskError`, naming every fault, for what the desk would reject for its form."""
    faults = [fault for event in outgoing for fault in event.faults(checked=True)]
    if faults:
        raise DeskError(_nothing_sent(name, faults))


def _nothing_sent(name: str, faults: Sequence[str]) -> str:
    return "\n".join(
        [f"nothing was sent, because {name} has faults:", *(f"  {it}" for it in faults)]
    )


def parse(
    text: str, name: str, *, topic: str | None = None, unchecked: bool = False
) -> list[Outgoing]:
    """The events in a JSON text, of `topic` alone or of any. Raises `DeskError`, all faults in it.

    `unchecked`: faulty fields are let through, for the desk to answer.
    """
    items = _items(text, name)
    faults: list[str] = []
    outgoing: list[Outgoing] = []
    for number, item in enumerate(items, start=1):
        where = "" if len(items) == 1 else f"event {number}: "
        found = list(_shape_faults(item, topic))
        if not found:
            event = _outgoing(item)
            outgoing.append(event)
            found = list(event.faults(checked=not unchecked))
        faults += [f"{where}{fault}" for fault in found]
    if faults:
        raise DeskError(_nothing_sent(name, faults))
    return outgoing


def _items(text: str, name: str) -> Sequence[Any]:
    try:
        content = json.loads(text.removeprefix("\ufeff"))
    except json.JSONDecodeError as error:
        raise DeskError(
            f"{name} is not JSON: {error.msg} at line {error.lineno}, column {error.colno}."
        ) from None
    except RecursionError:
        raise DeskError(f"{name} is nested too deeply.") from None
    items = content if isinstance(content, list) else [content]
    if not items:
        raise DeskError(f"{name} is an empty list; expected {SHAPE}.")
    return items


def _shape_faults(item: Any, topic: str | None) -> Iterator[str]:
    if not isinstance(item, dict):
        yield f"not an object; expected {SHAPE}"
        return
    for key in sorted(item.keys() - KNOWN_KEYS):
        yield f"unknown key {key!r}; the event's own fields belong inside `data`"
    if not isinstance(item.get("data"), dict):
        yield "`data` is missing or not an object"
    for key in ("ce_id", "source"):
        if key in item and not _is_header(item[key]):
            yield f"`{key}` is not a text of 1 to {MAX_ID_CHARS} printable characters"
    yield from _type_faults(item, topic)


def _type_faults(item: dict[str, Any], topic: str | None) -> Iterator[str]:
    ce_type = item.get("ce_type")
    if not isinstance(ce_type, str):
        yield "`ce_type` is missing or not a text"
        return
    allowed = allowed_types(topic)
    if topic is not None and ce_type in EVENT_TYPES and ce_type not in allowed:
        yield f"{ce_type} does not belong on {topic}; publish it with `desk publish`"
        return
    if ce_type not in allowed:
        yield f"`ce_type` {ce_type!r} is unknown{here(topic)}; {suggestion(ce_type, allowed)}"
        return
    owner = TOPIC_OF[ce_type]
    if "source" not in item and owner.name != SUBMISSIONS and owner.name not in SOURCES:
        yield (
            f"{ce_type} is published by {', '.join(owner.written_by)}; to publish it in their"
            " place, name the `source` yourself"
        )


def allowed_types(topic: str | None) -> list[str]:
    if topic is None:
        return list(EVENT_TYPES)
    return [event.ce_type for event in TOPICS[topic].events]


def here(topic: str | None) -> str:
    return f" on {topic}" if topic else ""


def suggestion(wanted: str, known: Sequence[str]) -> str:
    """`did you mean …?` with the near matches, else all that there is."""
    near = get_close_matches(wanted, known, n=3, cutoff=0.6)
    if near:
        return f"did you mean {' or '.join(near)}?"
    return f"known are: {', '.join(known)}"


def _is_header(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MAX_ID_CHARS and value.isprintable()


def _outgoing(item: dict[str, Any]) -> Outgoing:
    ce_type, data = item["ce_type"], item["data"]
    topic = TOPIC_OF[ce_type].name
    source = item.get("source") or SOURCES.get(topic) or channel_source(data)
    return Outgoing(ce_type, item.get("ce_id") or str(uuid4()), source, data)


def channel_source(data: dict[str, Any]) -> str:
    """`/channels/<channel>`; the web's, where the channel given is none."""
    channel = data.get("channel")
    return f"/channels/{channel}" if channel in list(Channel) else "/channels/web"
