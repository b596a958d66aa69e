"""`desk case` warns if the index that it reads may lack records."""

from __future__ import annotations

import pytest

from desk.commands.case import note_on
from shared.outage import Forbidden, Outage


@pytest.mark.parametrize(
    ("behind", "expected"),
    [
        (Outage("kafka", "KafkaConnectionError"), "The broker does not answer (kafka: Kafka"),
        (Forbidden("kafka", "GroupAuthorizationFailed"), "The broker refuses this user (kafka: Gr"),
        (12_000, "The console's index is 12,000 records behind"),
    ],
)
def test_an_operator_reads_why_the_case_may_lack_something(
    behind: int | Outage, expected: str
) -> None:
    assert note_on(behind).startswith(expected)


def test_an_index_that_keeps_up_needs_no_note() -> None:
    assert note_on(0) == ""
