"""How long ids must be kept, by what the broker keeps; and what a refusal says."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import pytest

from services.contract_archive import service as archive
from services.contract_archive.settings import Settings as ArchiveSettings
from shared.events.topics import (
    ARCHIVE,
    CANCELLATION,
    DEAD_LETTERS,
    INTAKE,
    NOTIFICATION,
    TOPICS,
    topics_read_by,
)
from shared.kafka.retention import days_needed, kept_ms, objection_to

DAY = 24 * 60 * 60 * 1000
YEAR, WEEK = 365 * DAY, 7 * DAY
ENDLESS = 2**63 - 1


@pytest.mark.parametrize(
    ("policy", "retention", "segment", "kept"),
    [
        ("delete", YEAR, WEEK, 372 * DAY),
        ("delete", 1, WEEK, WEEK + 1),
        ("delete", -1, WEEK, None),
        ("compact", WEEK, WEEK, None),
        ("compact,delete", WEEK, WEEK, 14 * DAY),
        ("", WEEK, WEEK, None),
        ("delete", ENDLESS, WEEK, ENDLESS + WEEK),
    ],
)
def test_a_topic_keeps_a_record_until_its_segment_goes(
    policy: str, retention: int, segment: int, kept: int | None
) -> None:
    config = {
        "cleanup.policy": policy,
        "retention.ms": str(retention),
        "segment.ms": str(segment),
    }

    assert kept_ms(config) == kept


@pytest.mark.parametrize(
    ("topic", "dead_letters", "days"),
    [
        (372 * DAY, 372 * DAY, 745),
        (37 * DAY, 372 * DAY, 410),
        (DAY, DAY, 3),
        (DAY + 1, DAY, 4),
        (None, DAY, None),
        (DAY, None, None),
        (ENDLESS, DAY, None),
        (24_853 * DAY, DAY, 24_855),
        (24_854 * DAY, DAY, None),
    ],
)
def test_ids_are_needed_for_the_topics_time_the_dead_letters_time_and_a_day(
    topic: int | None, dead_letters: int | None, days: int | None
) -> None:
    assert days_needed(topic, dead_letters) == days


@pytest.mark.parametrize(
    ("kept_days", "topics"),
    [
        (745, {"a": 372 * DAY}),
        (745, {"a": 372 * DAY, "b": DAY}),
        (24_855, {"a": 372 * DAY}),
    ],
)
def test_ids_that_are_kept_as_long_as_needed_are_accepted(
    kept_days: int, topics: Mapping[str, int | None]
) -> None:
    assert objection_to(kept_days, topics, 372 * DAY) is None


@pytest.mark.parametrize(
    ("kept_days", "topics", "dead_letters", "said", "unsaid"),
    [
        (744, {"a": 372 * DAY}, 372 * DAY, ["a (372 days)", "HISTORY_KEPT_DAYS to 745"], "ever:"),
        (
            410,
            {"a": 37 * DAY, "b": 40 * DAY, "c": 50 * DAY},
            372 * DAY,
            ["b (40 days), c (50 days).", "HISTORY_KEPT_DAYS to 423"],
            "a (",
        ),
        (
            9_000,
            {"a": DAY, "b": None},
            372 * DAY,
            ["b (for ever)", "what is kept by b: cleanup.policy"],
            "a (",
        ),
        (
            9_000,
            {"a": DAY},
            None,
            ["a (1 day)", "desk.dead-letters (for ever)", "kept by desk.dead-letters:"],
            "to 9",
        ),
        (9_000, {"a": ENDLESS}, DAY, ["what is kept by a: cleanup.policy"], "Set HISTORY"),
    ],
)
def test_a_refusal_names_each_topic_what_is_kept_and_what_to_set(
    kept_days: int,
    topics: Mapping[str, int | None],
    dead_letters: int | None,
    said: list[str],
    unsaid: str,
) -> None:
    objection = objection_to(kept_days, topics, dead_letters)

    assert objection is not None
    assert f"HISTORY_KEPT_DAYS={kept_days}" in objection
    assert [word for word in said if word not in objection] == []
    assert unsaid not in objection
    assert "\n" not in objection


@pytest.mark.parametrize(
    ("service", "days"),
    [(CANCELLATION, 745), (ARCHIVE, 1475), (INTAKE, None), (NOTIFICATION, None)],
)
def test_what_a_service_needs_with_the_catalogues_topics(service: str, days: int | None) -> None:
    def kept(name: str) -> int | None:
        topic = TOPICS[name]
        return None if topic.compacted else topic.retention // timedelta(days=1) * DAY + WEEK

    bears = {ARCHIVE: archive.build(ArchiveSettings()).bears_repeats}.get(service, frozenset())
    topics = [name for name in topics_read_by(service) if name not in bears]
    needed = [days_needed(kept(name), kept(DEAD_LETTERS)) for name in topics]
    assert (None if None in needed else max(it for it in needed if it is not None)) == days
