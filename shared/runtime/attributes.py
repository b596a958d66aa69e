"""The CloudEvents attributes of a raw record: the headers that the desk decodes, and no others."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import TypeAdapter, ValidationError

from shared.events.envelope import Fault, FaultCode
from shared.events.values import Instant

MAX_ID_CHARS = 255
NAMES = frozenset(
    {"ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time", "ce_subject"}
    | {"ce_correlationid", "ce_causationid", "content-type", "traceparent"}
)
IDENTITY = ("ce_source", "ce_id")
STRUCTURED = "application/cloudevents"

_INSTANT: TypeAdapter[datetime] = TypeAdapter(Instant)
TRACEPARENT_CHARS = 55
_TRACE = "[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}"
_TRACEPARENT = re.compile(rf"00-{_TRACE}|(?!00)[0-9a-f]{{2}}-{_TRACE}(-[!-~]{{0,200}})?")


@dataclass(slots=True)
class Attributes:
    """A record's headers as bytes; a name in `ambiguous` came with two values.

    Anything that forwards a record adds headers of its own: none of them can spoil it.
    """

    given: dict[str, bytes] = field(default_factory=dict)
    ambiguous: set[str] = field(default_factory=set)
    _texts: dict[str, str] = field(init=False)
    _media_type: str = field(init=False)
    time: datetime | None = field(init=False)
    """When the sender says it happened; None where it does not say so legibly."""

    def __post_init__(self) -> None:
        self._texts = {name: it for name, raw in self.given.items() if (it := _printable(raw))}
        if " " in self._texts.get("ce_source", ""):
            del self._texts["ce_source"]
        self._media_type = _media_type(self.given.get("content-type", b""))
        self.time = _instant(self._texts.get("ce_time"))

    @classmethod
    def of(cls, headers: Iterable[tuple[str, bytes | None]]) -> Attributes:
        given: dict[str, bytes] = {}
        ambiguous: set[str] = set()
        for name, value in headers:
            known = name.lower()
            if known in NAMES and value and given.setdefault(known, value) != value:
                ambiguous.add(known)
        return cls(given, ambiguous)

    def text(self, name: str) -> str | None:
        """The attribute as printable text of at most 255 characters, None for anything else.

        A source holds no blank: it is a URI, and an id that follows it is told from it by one.
        """
        return self._texts.get(name)

    @property
    def structured(self) -> bool:
        """Whether the value is said to hold a whole event, attributes and all."""
        return self._media_type.startswith(STRUCTURED)

    def faults(self) -> Iterator[tuple[Fault, str]]:
        """Every fault of the attributes, each with words for operators."""
        for name in ("ce_type", *IDENTITY):
            if name not in self._texts:
                yield self._unreadable(name)
        if self.given.get("ce_specversion") != b"1.0":
            yield _fault("ce_specversion", FaultCode.NOT_ALLOWED, "is not 1.0")
        if self._media_type not in ("", "application/json"):
            yield _fault("content-type", FaultCode.NOT_ALLOWED, "is not application/json")
        if "ce_correlationid" in self.given and "ce_correlationid" not in self._texts:
            yield self._unreadable("ce_correlationid")
        if self.time is None and self.given.get("ce_time", b"").strip():
            yield _fault("ce_time", FaultCode.WRONG_FORMAT, "is not an RFC 3339 instant")
        for name in sorted(self.ambiguous - {"traceparent"}):
            yield _fault(name, FaultCode.AMBIGUOUS, "has two different values")

    def _unreadable(self, name: str) -> tuple[Fault, str]:
        if name not in self.given:
            return _fault(name, FaultCode.MISSING, "is missing")
        blanks = " without blanks" if name == "ce_source" else ""
        words = f"is not 1 to {MAX_ID_CHARS} printable characters{blanks}"
        return _fault(name, FaultCode.WRONG_FORMAT, words)

    @property
    def identity(self) -> tuple[str, str] | None:
        """Source and id, if both can be read and are unambiguous."""
        source, message_id = self.text("ce_source"), self.text("ce_id")
        if source is None or message_id is None or self.ambiguous.intersection(IDENTITY):
            return None
        return source, message_id

    @property
    def traceparent(self) -> str | None:
        """A malformed one is as good as none, says W3C Trace Context.

        What a later version may add to it is left behind: it is anybody's text, and goes on in the
        headers of all that follows.
        """
        if "traceparent" not in self.given:
            return None
        text = self.given["traceparent"].decode(errors="replace").lower()
        sound = "traceparent" not in self.ambiguous and _TRACEPARENT.fullmatch(text)
        return text[:TRACEPARENT_CHARS] if sound else None


def _printable(raw: bytes) -> str | None:
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return None
    return text if 0 < len(text) <= MAX_ID_CHARS and text.isprintable() else None


def _media_type(raw: bytes) -> str:
    if raw == b"application/json":
        return "application/json"
    return raw.decode(errors="replace").split(";")[0].strip().lower()


def _instant(text: str | None) -> datetime | None:
    try:
        return None if text is None else _INSTANT.validate_strings(text.strip())
    except ValidationError:
        return None


def _fault(name: str, code: FaultCode, words: str) -> tuple[Fault, str]:
    return Fault(name, code), f"header {name} {words}"
