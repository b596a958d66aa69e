"""Documents folded from topics: once per record, in any order between topics."""

from __future__ import annotations

from collections.abc import Iterable

from shared.events.envelope import Message
from shared.events.inquiries import InquiryResolved
from shared.mongo.client import Document
from shared.runtime.projections.fold import POSITIONS, REVISION, Placed, folded


def count(document: Document, message: Message) -> Document:
    return document | {"seen": [*document.get("seen", ()), message.id]}


def placed(topic: str, offset: int, message_id: str, partition: int = 0) -> Placed:
    message = Message("/test", message_id, InquiryResolved(inquiry_id="i"))
    return Placed(topic, partition, offset, message)


def after(*batches: Iterable[Placed]) -> Document:
    document = None
    for batch in batches:
        document = folded(document, "i", batch, count)
    assert document is not None
    return document


def test_a_record_that_comes_again_changes_nothing() -> None:
    first, second = placed("a.b", 3, "x"), placed("a.b", 4, "y")

    document = after([first, second], [first, second], [second])

    assert document["seen"] == ["x", "y"]
    assert document[REVISION] == 1, "a batch that changes nothing is no new revision"


def test_each_partition_of_each_topic_has_a_position_of_its_own() -> None:
    document = after([placed("a.b", 9, "x")], [placed("a.c", 2, "y"), placed("a.b", 1, "z", 1)])

    assert document["seen"] == ["x", "y", "z"]
    assert document[POSITIONS] == {"a:b/0": 9, "a:c/0": 2, "a:b/1": 1}
    assert document[REVISION] == 2


def test_what_a_fold_forgets_is_gone_and_its_position_stays() -> None:
    kept = folded(None, "i", [placed("a.b", 1, "x")], count)

    forgotten = folded(kept, "i", [placed("a.b", 2, "y")], lambda _document, _message: {})

    assert forgotten == {"_id": "i", POSITIONS: {"a:b/0": 2}, REVISION: 2}
    assert folded(forgotten, "i", [placed("a.b", 1, "x")], count) == forgotten
