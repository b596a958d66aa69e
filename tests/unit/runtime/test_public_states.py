"""Of a record that changed while it was published, the newest state is published last."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pytest

from shared.events.envelope import Event, Ref, caused_event_id
from shared.events.states import CancellationStated, CancellationStatus
from shared.runtime.aggregates.aggregate import Aggregate
from shared.runtime.decider import Decider, Service
from shared.runtime.public_states import PublicStates
from tests.integration.runtime import toy

ENTRY = {
    "message_id": "/x 1",
    "digest": "d",
    "at": datetime(2026, 3, 1, tzinfo=UTC),
    "causation_id": "c",
    "correlation_id": "W-1",
    "events": [],
}
FILE = Ref("file", "K-1")


def stated(seen: toy.Seen, version: int) -> Event:
    return CancellationStated(
        contract_number="K-1",
        sequence=seen.count,
        version=version,
        status=CancellationStatus.NONE,
    )


class Changing:
    """A store whose record is at the next of these versions whenever it is read."""

    def __init__(self, *versions: int) -> None:
        self.versions = list(versions)

    async def newest(self, _kind: str, _ids: Iterable[str]) -> list[Aggregate]:
        version = self.versions.pop(0)
        file = Aggregate(FILE, version=version, state=toy.Seen(count=version))
        file.remember(ENTRY)
        return [file]


class Published:
    def __init__(self) -> None:
        self.versions: list[int] = []

    async def publish(self, outgoing: Sequence[Any]) -> None:
        self.versions += [json.loads(it.value)["version"] for it in outgoing]


def states(store: Changing, published: Published) -> PublicStates:
    decider = Decider("file", toy.Seen, lambda *_: [], toy.evolve, public_state=stated)
    service = Service("cancellation", (decider,), toy.route)
    return PublicStates(service, store, published)  # type: ignore[arg-type]


async def test_a_state_that_changed_while_it_was_published_is_published_again() -> None:
    published = Published()

    await states(Changing(4, 5, 5), published).publish_current([FILE])

    assert published.versions == [4, 5]


async def test_a_state_that_stayed_is_published_once() -> None:
    published = Published()

    await states(Changing(4, 4), published).publish_current([FILE])

    assert published.versions == [4]


async def test_records_without_a_public_state_are_left_alone() -> None:
    published = Published()

    await states(Changing(), published).publish_current([Ref("customer", "C-1")])

    assert published.versions == []


@pytest.mark.parametrize(
    ("ce_type", "data", "news"),
    [
        ("file.request_held", {}, False),
        ("file.contract_progressed", {"sequence": 4}, False),
        ("cancellation.scheduled.v1", {"sequence": 4}, True),
    ],
)
def test_a_state_is_news_where_it_looks_otherwise_or_a_public_event_was_numbered(
    ce_type: str, data: dict[str, object], news: bool
) -> None:
    as_before = toy.Seen(count=4)
    file = Aggregate(FILE, version=3)
    file.record(ENTRY | {"events": [{"id": "e", "type": ce_type, "data": data}]}, as_before)

    said = [*states(Changing(), Published()).envelopes(file, as_before, always=False)]

    assert len(said) == news


def test_a_states_id_is_the_uuid5_that_earlier_releases_gave_it() -> None:
    name = "/services/cancellation file K-2001 state 7"
    named = caused_event_id(NAMESPACE_URL, name.removesuffix(" 7"), 7)
    assert named == str(uuid5(NAMESPACE_URL, name))
