"""A long line of waiting messages, as an operator's commands see it."""

from __future__ import annotations

from datetime import UTC, datetime

from shared.events.envelope import Ref
from shared.operations.dead_letters.letter import LetterId
from shared.operations.parked import Parked, named
from shared.runtime.aggregates.parking import digest_of
from tests.builders.dead_letters import dead_letter

AT = datetime(2026, 3, 1, tzinfo=UTC)


def test_the_whole_line_is_named_by_its_letters() -> None:
    behind = (digest_of("/test b"), digest_of("/test gone"))
    parked = Parked("intake", Ref("seen", "A"), AT, "E", ("/test a",), behind)
    [whole] = named([parked], [dead_letter(LetterId(0, n), message=m) for n, m in enumerate("ab")])
    assert whole.waiting == ("/test a", "/test b", digest_of("/test gone").hex())
