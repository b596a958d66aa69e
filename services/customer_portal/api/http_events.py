"""CloudEvents over HTTP, binary and structured, as a Kafka record would have them.

Both modes become the same attributes and the same bytes of data, so one set of rules judges them.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from pydantic_core import to_json

from services.customer_portal.api.problems import RequestRefused
from shared.events.error_codes import ErrorCode
from shared.runtime.attributes import Attributes
from shared.runtime.json_object import NoObject, json_object, repeated_members

STRUCTURED = "application/cloudevents+json"
BINARY = "application/json"
ATTRIBUTES = ("specversion", "id", "source", "type", "time", "subject")
LONGEST_FIELD, MOST_REPEATED = 100, 50
ILLEGIBLE = b"\xff"
"""Stands for an attribute that is no text: no UTF-8 has this byte."""


@dataclass(frozen=True, slots=True)
class HttpEvent:
    """An event as it arrived; `faults` are those of the way it was wrapped."""

    attributes: Attributes
    data: bytes | None
    faults: dict[str, ErrorCode] = field(default_factory=dict)


def read(headers: Iterable[tuple[bytes, bytes]], body: bytes) -> HttpEvent:
    """Raises `RequestRefused` for a body of another media type."""
    given = list(headers)
    said = [value for name, value in given if name == b"content-type"]
    media_type = said[0].decode("latin-1").split(";")[0].strip().lower() if said else ""
    if media_type == STRUCTURED:
        return _structured(given, body)
    if media_type == BINARY:
        return HttpEvent(Attributes.of(_attributes(given)), body)
    wanted = f"Send {BINARY} with ce- headers, or {STRUCTURED}."
    raise RequestRefused(415, wanted, headers={"Accept-Post": f"{BINARY}, {STRUCTURED}"})


def _attributes(headers: Iterable[tuple[bytes, bytes]]) -> Iterator[tuple[str, bytes]]:
    """The headers of the record; a value may be percent-encoded, says the protocol binding."""
    for name, value in headers:
        known = name.decode("latin-1")
        if known.startswith("ce-"):
            yield f"ce_{known[3:]}", unquote_to_bytes(value)
        elif known in ("content-type", "traceparent"):
            yield known, value


def _structured(headers: Iterable[tuple[bytes, bytes]], body: bytes) -> HttpEvent:
    try:
        event = json_object(body)
    except NoObject as error:
        return HttpEvent(Attributes(), None, {"data": ErrorCode(error.code)})
    found = [
        (f"ce_{name}", value.encode() if isinstance(value, str) else ILLEGIBLE)
        for name in ATTRIBUTES
        if (value := event.get(name)) is not None
    ]
    content = event.get("datacontenttype", BINARY)
    found.append(("content-type", content.encode() if isinstance(content, str) else ILLEGIBLE))
    found += [(name, value) for name, value in _attributes(headers) if name == "traceparent"]
    faults = repeated(body, _of_event)
    data = to_json(event["data"]) if "data" in event else None
    if data is not None and "data_base64" in event:
        faults["data"] = ErrorCode.AMBIGUOUS
    elif "data_base64" in event:
        data = _decoded(event["data_base64"])
        if data is None:
            faults["data_base64"] = ErrorCode.WRONG_FORMAT
    return HttpEvent(Attributes.of(found), data, faults)


def repeated(body: bytes, named: Callable[[str], str] = str) -> dict[str, ErrorCode]:
    """The faults of JSON whose objects have a member twice, by the field that `named` calls it."""
    fields = [named(path) for path in repeated_members(body)]
    sensible = [it if len(it) <= LONGEST_FIELD else "data" for it in fields[:MOST_REPEATED]]
    return dict.fromkeys(sensible, ErrorCode.AMBIGUOUS)


def _of_event(path: str) -> str:
    """A path in a structured event as faults name it: attributes as headers, data by its fields."""
    first, _, rest = path.partition(".")
    return rest or (f"ce_{first}" if first in ATTRIBUTES else first)


def _decoded(value: object) -> bytes | None:
    try:
        return base64.b64decode(value, validate=True) if isinstance(value, str) else None
    except (binascii.Error, ValueError):
        return None
