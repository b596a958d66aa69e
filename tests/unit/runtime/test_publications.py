"""Repeats are told from differences among the events on a service's own topics."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.events.topics import ARCHIVE, CANCELLATION, INTAKE, NOTIFICATION
from shared.runtime.publications import Publications, PublishedEvent, topics_of

AT = datetime(2026, 11, 27, 12, tzinfo=UTC)


def event(
    event_id: str, *, subject: str = "K-1", partition: int = 0, **data: Any
) -> PublishedEvent:
    return PublishedEvent(
        id=event_id,
        type="cancellation.scheduled.v1",
        subject=subject,
        cause="m-1",
        at=AT + timedelta(minutes=data.pop("minutes", 0)),
        data=data,
        topic="desk.cancellations",
        partition=partition,
    )


def publications(*events: PublishedEvent) -> Publications:
    found = Publications()
    for event in events:
        found.add(event)
    return found


def test_a_repeat_is_no_difference() -> None:
    found = publications(event("e-1", sequence=1), event("e-1", sequence=1))
    assert (len(found.by_id), found.differing, list(found.numbered_twice())) == (1, [], [])
    assert len(found.by_cause["m-1"]) == 1


def test_other_content_under_a_used_id_is_one() -> None:
    first, second = event("e-1", sequence=1), event("e-1", sequence=2)
    assert publications(first, second).differing == [second]


def test_a_sequence_that_two_events_of_a_record_have_is_one() -> None:
    first, second = event("e-1", sequence=1), event("e-2", sequence=1)
    others = event("e-3", sequence=2), event("e-4", subject="K-2", sequence=1)
    assert list(publications(first, second, *others).numbered_twice()) == [(first, second)]


def test_a_topic_has_everything_since_the_oldest_event_of_its_shortest_partition() -> None:
    found = publications(
        event("e-1", minutes=1), event("e-2", minutes=9), event("e-3", partition=1, minutes=5)
    )
    assert found.kept_since("desk.cancellations", AT) == AT + timedelta(minutes=5)
    assert found.kept_since("desk.contracts", AT) == AT


@pytest.mark.parametrize(
    ("service", "topics"),
    [
        (CANCELLATION, {"desk.cancellations"}),
        (INTAKE, {"desk.rejections", "desk.inquiries"}),
        (ARCHIVE, {"desk.contracts", "desk.customers"}),
        (NOTIFICATION, {"desk.notifications"}),
    ],
)
def test_records_are_compared_with_the_topics_that_come_from_histories(
    service: str, topics: set[str]
) -> None:
    compared = set(topics_of(service))
    assert topics <= compared
    assert not compared & {"desk.timers", "desk.outcomes", "desk.dead-letters"}
    assert not {topic for topic in compared if topic.endswith("-states")}
