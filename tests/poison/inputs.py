"""Raw records that nobody should send, the same ones for the same seed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path
from random import Random

from shared.events.topics import TOPICS
from tests.poison import forgeries, wrong_bytes, wrong_envelopes, wrong_fields
from tests.poison.bases import WIDE, Bases, Draft, Header, Mix

ROOT = Path(__file__).parents[2]
MARK = "geheim"
"""In every text that stands for personal data: wherever it is found else is a leak."""
CLEAN = "unspoilt"

KINDS = {
    **wrong_fields.KINDS,
    **wrong_bytes.KINDS,
    **wrong_envelopes.KINDS,
    **forgeries.KINDS,
}
_WEIGHTS = {CLEAN: 3.0, **{name: weight for name, (_, weight) in KINDS.items()}}
_TWO_WAYS = 0.15
"""How many records are spoilt in two ways at once."""


@dataclass(frozen=True, slots=True)
class Poison:
    """One raw record; like those that a consumer delivers, once it has its place."""

    number: int
    kind: str
    topic: str
    key: bytes | None
    value: bytes | None
    headers: tuple[Header, ...]
    partition: int = 0
    offset: int = 0
    timestamp: int = -1
    timestamp_type: int | None = None


def poison(
    seed: int,
    at: datetime,
    *,
    only: str | None = None,
    mix: Mix = WIDE,
) -> Iterator[Poison]:
    """Endless records of all kinds, or of `only` one; their sound times are `at` (aware)."""
    random = Random(seed)
    bases = Bases(ROOT, at, mix)
    for number in count():
        kind = only or random.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
        draft = bases.draft(random, f"poison-{seed}-{number}", f"{MARK}-{number}")
        _spoil(kind, random, draft)
        if only is None and random.random() < _TWO_WAYS:
            _spoil(random.choice(list(wrong_envelopes.KINDS)), random, draft)
        yield record_of(number, kind, draft)


def _spoil(kind: str, random: Random, draft: Draft) -> None:
    if kind != CLEAN:
        spoil, _ = KINDS[kind]
        spoil(random, draft)


def record_of(number: int, kind: str, draft: Draft) -> Poison:
    """The record that a draft has become."""
    raw = draft.as_it_is or kind in wrong_bytes.KINDS
    value = draft.value if raw else json.dumps(draft.fields).encode()
    refused = value is None or TOPICS[draft.topic].compacted
    key = b"" if draft.key is None and refused else draft.key  # a broker wants a key there
    return Poison(number, kind, draft.topic, key, value, (*draft.headers, *draft.extra))
