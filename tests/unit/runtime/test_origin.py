"""Events caused by timers and agents lead back to the submission that began their inquiry."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import pytest

from shared.events.envelope import Ref
from shared.events.topics import TOPICS
from shared.runtime.aggregates.aggregate import Aggregate
from shared.runtime.stage.origin import trace

FILE = Ref("file", "K-1")


class Archived:
    """The archived part of a history; it counts how often it is asked."""

    def __init__(self, **origins: str) -> None:
        self.origins = origins
        self.asked: list[Collection[str]] = []

    async def begun_by(self, _ref: Ref, inquiry_ids: Collection[str]) -> Mapping[str, str]:
        self.asked.append(inquiry_ids)
        return {it: self.origins[it] for it in inquiry_ids if it in self.origins}


def entry(message_id: str, correlation_id: str | None, *data: Mapping[str, Any]) -> dict[str, Any]:
    events = [{"id": f"{message_id}-{n}", "data": it} for n, it in enumerate(data)]
    return {
        "message_id": message_id,
        "digest": "d",
        "correlation_id": correlation_id,
        "events": events,
    }


def a_file(*before: dict[str, Any], archived: int = 0) -> Aggregate:
    file = Aggregate(FILE, version=len(before), archived=archived)
    for it in before:
        file.remember(it)
    return file


FIRST = entry("m1", "W-1", {"inquiry_id": "i-1"})
SECOND = entry("m2", "W-2", {"inquiry_id": "i-2"})
ABOUT_THE_FIRST = entry("m3", "W-3", {"inquiry_id": "i-1", "answers_inquiry_id": "i-3"})
NESTED = entry("m4", "W-4", {"held": {"order": {"inquiry_id": "i-4"}}})


@pytest.mark.parametrize(
    ("inquiry_id", "submission"),
    [("i-1", "W-1"), ("i-2", "W-2"), ("i-4", "W-4"), ("i-9", None), (None, None)],
)
async def test_what_a_timer_causes_leads_to_the_submission_of_the_inquiry_that_it_is_about(
    inquiry_id: str | None, submission: str | None
) -> None:
    file = a_file(FIRST, SECOND, ABOUT_THE_FIRST, NESTED)
    file.record(entry("timer", None, {"inquiry_id": inquiry_id}), None)

    await trace([file], Archived())

    [event] = file.added[0]["events"]
    [stored] = file.encoded[0]["events"]
    assert event.get("correlation_id") == stored.get("correlation_id") == submission


async def test_a_request_of_the_same_batch_is_found_too() -> None:
    file = a_file()
    file.record(entry("m1", "W-1", {"inquiry_id": "i-1"}), None)
    file.record(entry("timer", None, {"inquiry_id": "i-1"}), None)

    await trace([file], Archived())

    assert file.added[1]["events"][0]["correlation_id"] == "W-1"


async def test_a_submissions_own_id_is_kept_whatever_inquiry_it_moves() -> None:
    archive, file = Archived(), a_file(FIRST, archived=30)
    file.record(entry("withdrawal", "W-5", {"inquiry_id": "i-1"}), None)

    await trace([file], archive)

    assert "correlation_id" not in file.added[0]["events"][0]
    assert archive.asked == []


async def test_in_a_long_history_the_archived_beginning_counts() -> None:
    archive, file = Archived(**{"i-1": "W-0"}), a_file(ABOUT_THE_FIRST, SECOND, archived=30)
    file.record(entry("timer", None, {"inquiry_id": "i-1"}, {"inquiry_id": "i-2"}), None)

    await trace([file], archive)

    assert [it["correlation_id"] for it in file.added[0]["events"]] == ["W-0", "W-2"]


@pytest.mark.parametrize(
    ("topic", "led"),
    [
        ("desk.cancellations", True),
        ("desk.timers", True),
        ("desk.agent-actions", False),
        ("registry.contracts", False),
        ("billing.invoices", False),
    ],
)
def test_only_services_hand_a_correlation_id_on(topic: str, led: bool) -> None:
    assert TOPICS[topic].led is led
