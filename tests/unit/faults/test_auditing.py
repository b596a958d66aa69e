"""The auditor of the fault suite must see what is wrong: else its zeros say nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.faults.auditing import compare, complete
from tests.faults.watching import Seen
from tests.faults.workload import COURSE, Expected, Sent, cases, last_steps


@dataclass(frozen=True)
class Published:
    """A record as the watcher gets it."""

    topic: str
    ce_type: str
    ce_id: str
    data: dict[str, Any]
    partition: int = 0
    offset: int = 0
    timestamp: int = 0

    @property
    def value(self) -> bytes:
        return json.dumps(self.data).encode()

    @property
    def headers(self) -> list[tuple[str, bytes]]:
        return [("ce_id", self.ce_id.encode()), ("ce_type", self.ce_type.encode())]


def _cancelled(number: str = "K-1") -> Sent:
    value = json.dumps({"contract_numbers": [number]}).encode()
    return Sent("desk.submissions", "submission.cancellation.v1", "s-1", "C-1", value)


SENT = _cancelled()
OPENED = Published("desk.inquiries", "inquiry.opened.v1", "e-1", {"inquiry_id": SENT.inquiry_id})
RESOLVED = Published(
    "desk.inquiries", "inquiry.resolved.v1", "e-2", {"inquiry_id": SENT.inquiry_id}
)


def _decided(sequence: int, ce_id: str | None = None) -> Published:
    data = {"contract_number": "K-1", "sequence": sequence}
    ce_type = COURSE[(sequence - 1) % 3]
    return Published("desk.cancellations", ce_type, ce_id or f"d-{sequence}", data)


def _mailed(number: int) -> Published:
    data = {"notification_id": f"n-{number}", "inquiry_id": SENT.inquiry_id}
    return Published("desk.notifications", "notification.sent.v1", f"m-{number}", data)


SOUND = [OPENED, RESOLVED, *map(_decided, (1, 2, 3)), _mailed(1), _mailed(2)]

WRONG: list[tuple[str, Callable[[list[Published]], list[Published]], tuple[int, int, int]]] = [
    ("all is well", lambda all_: all_, (0, 0, 0)),
    ("the same id again is no second event", lambda all_: [*all_, OPENED], (0, 0, 0)),
    ("no inquiry", lambda all_: all_[2:], (1, 0, 0)),
    ("a second opening", lambda all_: [*all_, _again(OPENED)], (0, 1, 0)),
    ("opened too late", lambda all_: [RESOLVED, OPENED, *all_[2:]], (0, 0, 1)),
    ("a decision is missing", lambda all_: [*all_[:3], *all_[4:]], (1, 0, 0)),
    ("a decision too many", lambda all_: [*all_, _decided(4)], (0, 1, 0)),
    ("a decision twice", lambda all_: [*all_, _decided(3, "other")], (0, 1, 0)),
    ("decisions swapped", lambda all_: [*all_[:2], all_[3], all_[2], *all_[4:]], (0, 0, 1)),
    ("a mail is missing", lambda all_: all_[:-1], (1, 0, 0)),
    ("a mail too many", lambda all_: [*all_, _mailed(3)], (0, 1, 0)),
]


def _again(one: Published) -> Published:
    return Published(one.topic, one.ce_type, "another id", one.data)


@pytest.mark.parametrize(("what", "change", "wrong"), WRONG, ids=[row[0] for row in WRONG])
def test_the_auditor_sees_what_is_wrong(
    what: str, change: Callable[[list[Published]], list[Published]], wrong: tuple[int, int, int]
) -> None:
    expected, seen = Expected(), Seen()
    expected.note(SENT)
    for record in change(SOUND):
        seen.note(record)
    found = compare(expected, seen)
    assert (len(found.lost), len(found.doubled), len(found.out_of_order)) == wrong
    assert complete(expected, seen) == (not found.lost)


def test_every_case_has_all_its_steps_and_each_id_once() -> None:
    source = cases("here", 7)
    records = [one for _ in range(40) for one in next(source)]
    records += [one for case in last_steps("here", 7, 47) for one in case]
    sound = [one for one in records if not one.poison]
    by_contract: dict[str, list[str]] = {}
    for one in sound:
        data = json.loads(one.value)
        for number in [*data.get("contract_numbers", ()), data.get("contract_number")]:
            if number is not None:
                by_contract.setdefault(number, []).append(one.ce_type.split(".")[1])
    known = {number: done for number, done in by_contract.items() if number.startswith("K-")}
    assert set(known) == {f"K-{number}" for number in range(7, 47)}
    assert {tuple(done) for done in known.values()} == {
        ("cancellation", "cancellation_withdrawal", "cancellation")
    }
    assert len({one.ce_id for one in records}) == len(records)
    assert [number for number in by_contract if number not in known] == ["U-20", "U-40"]
