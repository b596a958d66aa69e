"""Records that a channel, a tool or a stranger could send on purpose, or by a wrong setting."""

from __future__ import annotations

import json
from datetime import timedelta
from random import Random
from typing import Any

from shared.events.topics import CATALOGUE
from tests.poison.bases import HOT, Draft
from tests.poison.shapes import LISTS, NUMBERS, OBJECTS
from tests.poison.wrong_fields import Spoil

STRANGERS: tuple[tuple[str, bytes | None], ...] = (
    ("x-trace", None),
    ("__value_schema_id", b"\x01\xde\x8b\xfe"),
    ("b3", b"\xff\xfe\x00"),
    ("tracestate", b""),
    ("uber-trace-id", b"\xed\xa0\x80"),
    ("ce_dataschema", None),
    ("ce_partitionkey", b"\xff"),
    ("dl_reason", b"\x00"),
    ("dl_offset", b"-1"),
    ("", b"\xff"),
)
SOURCES = (
    *sorted({source for topic in CATALOGUE for source in topic.takes_from}),
    *("channels/web", "/", "//", "urn:web", "/channels", "/services/", "/desk/../agents"),
)
BLANKS = ("", " ", "\t", "\u00a0\u2003", "\u200b", "\ufeff\u200d", "\u3164", "\u2800", "\U000e0020")
CONTROLS = (
    *("a\x00b", "a\x1bb", "a\x85b", "a\u2028b", "a\u202eb", "a\u2066b", "\u200fa", "a\r\nBcc: b"),
    *("\U000e0041a", "a\x7f", "\x9b31m", "a\u0301\u0301"),
)
JUST_BEYOND = (timedelta(days=-32), timedelta(days=-366), timedelta(days=367), timedelta(days=40))
FAR = ("1990-01-01", "0001-01-01", "9999-12-31", "2090-01-01")


def strange_headers(random: Random, draft: Draft) -> None:
    """Sound, with what tracers, schema registries and mirrors add; often more than once."""
    draft.extra = random.choices(STRANGERS, k=random.randint(1, 8))


def wrong_source(random: Random, draft: Draft) -> None:
    draft.head("ce_source", random.choice(SOURCES).encode())


def anothers_key(random: Random, draft: Draft) -> None:
    """Under the key of another record than the one that the body names."""
    draft.key = f"V-{random.randrange(HOT)}".encode()


def structured(random: Random, draft: Draft) -> None:
    """A whole event as the value, with its attributes in it, beside it or nowhere."""
    named = {name.removeprefix("ce_"): (value or b"").decode() for name, value in draft.headers}
    event: dict[str, Any] = {**named, "data": draft.fields}
    draft.says(json.dumps(event).encode())
    kind = random.choice(("application/cloudevents+json", "application/cloudevents-batch+json"))
    draft.head("content-type", kind.encode())
    if random.random() < 0.7:
        draft.headers = [(name, it) for name, it in draft.headers if name == "content-type"]


def tombstone(_random: Random, draft: Draft) -> None:
    draft.says(None)


def half_characters(random: Random, draft: Draft) -> None:
    """A text ends in, or is, one half of a surrogate pair."""
    for name, value in draft.fields.items():
        if isinstance(value, str) and draft.mark in value:
            draft.fields[name] = value + random.choice(("\ud800", "\udfff", "\udc00\ud83d"))


def worst(random: Random, draft: Draft) -> None:
    """The largest lists, nests and numbers, in one field, an unknown one too."""
    name = random.choice((*draft.fields, "nobody_asked_for"))
    shape = random.choice((*LISTS.values(), *OBJECTS.values(), *NUMBERS.values()))
    others = {n: v for n, v in draft.fields.items() if n != name}
    draft.says(b'{"%s":%s,%s' % (name.encode(), shape, json.dumps(others).encode()[1:]))


def unknown_members(random: Random, draft: Draft) -> None:
    """Adds unknown members, as a newer writer would, in the data and every object within."""
    for place in (draft.fields, *_objects_in(draft.fields)):
        added = random.choice((draft.mark, None, 7, [draft.mark], {"more": draft.mark}))
        place["nickname"] = added


def _objects_in(value: Any) -> list[dict[str, Any]]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    found = [item for item in inner if isinstance(item, dict)]
    return [*found, *(deeper for item in inner for deeper in _objects_in(item))]


def blank_texts(random: Random, draft: Draft) -> None:
    """Texts of nothing visible, or with characters that a line must not hold."""
    for name, value in draft.fields.items():
        if isinstance(value, str) and draft.mark in value:
            draft.fields[name] = random.choice((*BLANKS, *CONTROLS))


def far_dates(random: Random, draft: Draft) -> None:
    """Days and instants just beyond what is allowed, and far beyond it."""
    for name, value in draft.fields.items():
        if isinstance(value, str) and value[:2] == "20" and name.endswith(("_on", "_at")):
            near = draft.at + random.choice(JUST_BEYOND)
            day = random.choice((near.date().isoformat(), *FAR))
            draft.fields[name] = f"{day}T00:00:00Z" if name.endswith("_at") else day


def forged_timer(random: Random, draft: Draft) -> None:
    """Says that the time of a busy contract has come."""
    owner = random.choice(("cancellation", "contract_archive", "inquiry_intake", "nobody"))
    due_at = draft.at + random.choice((timedelta(0), *JUST_BEYOND, timedelta(days=365 * 70)))
    number = f"V-{random.randrange(HOT)}"
    fields = {"contract_number": number, "owner": owner, "due_at": due_at.isoformat()}
    source = random.choice((f"/services/{owner}/clock", "/services/cancellation", "/agents/desk"))
    _turn_into(draft, "desk.timers", "timer.due.v1", source, number, fields)


def forged_approval(random: Random, draft: Draft) -> None:
    """Approves a cancellation that nobody asked for, on a day that no professional may choose."""
    number = random.choice((f"V-{random.randrange(HOT)}", f"unheard-of-{random.randrange(99)}"))
    fields = {
        "contract_number": number,
        "agent_id": f"A-{draft.mark}",
        "approved": True,
        "effective_on": random.choice(FAR),
    }
    source = random.choice(("/agents/desk", "/agents", "/services/operations_console"))
    _turn_into(draft, "desk.agent-actions", APPROVAL, source, number, fields)


APPROVAL = "agent.referral_decided.v1"


def _turn_into(
    draft: Draft, topic: str, ce_type: str, source: str, key: str, fields: dict[str, Any]
) -> None:
    draft.topic, draft.ce_type, draft.key, draft.fields = topic, ce_type, key.encode(), fields
    draft.head("ce_type", ce_type.encode())
    draft.head("ce_source", source.encode())


KINDS: dict[str, tuple[Spoil, float]] = {
    "strange headers": (strange_headers, 3),
    "wrong source": (wrong_source, 2),
    "another's key": (anothers_key, 2),
    "structured": (structured, 2),
    "tombstone": (tombstone, 2),
    "half characters": (half_characters, 2),
    "worst": (worst, 0.3),
    "unknown members": (unknown_members, 3),
    "blank texts": (blank_texts, 3),
    "far dates": (far_dates, 2),
    "forged timer": (forged_timer, 2),
    "forged approval": (forged_approval, 2),
}
"""By name: how, and how often in relation to the other kinds."""
