"""The auditor of the fault suite must see what is wrong: else its zeros say nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from tests.faults import workload
from tests.faults.audit import compare, complete, given_up, traces_of
from tests.faults.watch import Seen
from tests.faults.workload import COURSE, REFERRED, UNREACHABLE, Expected, Sent, cases, last_steps


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
        return [
            ("ce_id", self.ce_id.encode()),
            ("ce_type", self.ce_type.encode()),
            ("dl_reason", b"defect"),
        ]


def _cancelled(number: str = "K-1") -> Sent:
    value = json.dumps({"contract_numbers": [number]}).encode()
    return Sent("desk.submissions", "submission.cancellation.v1", "s-1", "C-1", value)


SENT = _cancelled()
OPENED = Published(
    "desk.inquiries",
    "inquiry.opened.v1",
    "e-1",
    {"inquiry_id": SENT.inquiry_id, "reference": "INQ-1"},
)
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


def _again(published: Published) -> Published:
    return Published(published.topic, published.ce_type, "another id", published.data)


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
    records = [record for _ in range(40) for record in next(source)]
    records += [record for case in last_steps("here", 7, 47) for record in case]
    sound = [record for record in records if not record.poison]
    by_contract: dict[str, list[str]] = {}
    for record in sound:
        data = json.loads(record.value)
        for number in [*data.get("contract_numbers", ()), data.get("contract_number")]:
            if number is not None:
                by_contract.setdefault(number, []).append(record.ce_type.split(".")[1])
    known = {number: done for number, done in by_contract.items() if number.startswith("K-")}
    assert set(known) == {f"K-{number}" for number in range(7, 47)}
    assert {tuple(done) for done in known.values()} == {
        ("cancellation", "cancellation_withdrawal", "cancellation")
    }
    assert len({record.ce_id for record in records}) == len(records)
    assert [number for number in by_contract if number not in known] == ["U-20", "U-40"]


FLOOD = workload.hostile("h-1", b"[]")
ROLLED_BACK = workload.question("Q-1", "r-1")
FAILING = workload.question("Q-1", "u-1", UNREACHABLE)
CROWD = "H-1"


def _opened(sent: Sent) -> Published:
    body = {"inquiry_id": sent.inquiry_id, "reference": "INQ-2"}
    return Published("desk.inquiries", "inquiry.opened.v1", f"o-{sent.ce_id}", body)


def _rejected(ce_id: str, event_id: str = "x-1") -> Published:
    body = {"submission_id": ce_id}
    return Published("desk.rejections", "submission.rejected.v1", event_id, body)


def _letter(ce_id: str) -> Published:
    return Published("desk.dead-letters", "submission.registration.v1", ce_id, {})


def _told(ce_type: str, sent: Sent) -> Published:
    body = {"notification_id": f"n-{ce_type}", "inquiry_id": sent.inquiry_id}
    return Published("desk.notifications", ce_type, f"m-{ce_type}", body)


def _decision(ce_type: str, sequence: int) -> Published:
    body = {"contract_number": CROWD, "sequence": sequence}
    return Published("desk.cancellations", ce_type, f"c-{sequence}-{ce_type}", body)


FAILED = _told("notification.failed.v1", FAILING)
SCHEDULED, REFUSED = COURSE[0], REFERRED[0]

HOSTILE: list[tuple[str, list[Published], tuple[int, int, int]]] = [
    ("a rejection answers it", [_rejected("h-1")], (0, 0, 0)),
    ("a dead letter answers it", [_letter("h-1")], (0, 0, 0)),
    ("an inquiry answers it", [_opened(FLOOD)], (0, 0, 0)),
    ("nothing answers it", [], (1, 0, 0)),
    ("two rejections", [_rejected("h-1"), _rejected("h-1", "x-2")], (0, 1, 0)),
    ("a rejection and a dead letter", [_rejected("h-1"), _letter("h-1")], (0, 1, 0)),
    ("another one's rejection", [_rejected("h-2")], (1, 0, 0)),
]
NOTHING: list[tuple[str, list[Published], tuple[int, int, int]]] = [
    ("nothing came of it", [], (0, 0, 0)),
    ("it was decided", [_opened(ROLLED_BACK)], (0, 1, 0)),
    ("it was rejected", [_rejected("r-1")], (0, 1, 0)),
    ("it was given up", [_letter("r-1")], (0, 1, 0)),
]
UNREACHED: list[tuple[str, list[Published], tuple[int, int, int]]] = [
    ("its mail failed", [_opened(FAILING), FAILED], (0, 0, 0)),
    ("its mail is missing", [_opened(FAILING)], (1, 0, 0)),
    ("it was never opened", [FAILED], (1, 0, 0)),
]
IN_A_CROWD: list[tuple[str, list[Published], tuple[int, int, int]]] = [
    ("the holder first", [_decision(SCHEDULED, 1), _decision(REFUSED, 2)], (0, 0, 0)),
    ("the holder last", [_decision(REFUSED, 1), _decision(SCHEDULED, 2)], (0, 0, 0)),
    ("a stranger unanswered", [_decision(SCHEDULED, 1)], (1, 0, 0)),
    ("the holder unanswered", [_decision(REFUSED, 1)], (1, 0, 0)),
    ("a gap in the numbers", [_decision(SCHEDULED, 1), _decision(REFUSED, 3)], (0, 0, 1)),
    (
        "a stranger's scheduled",
        [_decision(SCHEDULED, 1), _decision(REFUSED, 2), _decision(SCHEDULED, 3)],
        (0, 1, 0),
    ),
]


def _world(*noted: Sent, nothing: Sequence[Sent] = ()) -> Expected:
    expected = Expected()
    expected.note_nothing(*nothing)
    for sent in noted:
        expected.note(sent)
    expected.mails.clear()  # what is asked here is not about mails
    return expected


WORLDS = [
    *((_world(FLOOD), *row) for row in HOSTILE),
    *((_world(nothing=[ROLLED_BACK]), *row) for row in NOTHING),
    *((_world(FAILING), *row) for row in UNREACHED),
    *(
        (_world(workload.cancel(CROWD, "1", "S-1"), workload.cancel(CROWD, "2")), *row)
        for row in IN_A_CROWD
    ),
]


@pytest.mark.parametrize(
    ("expected", "what", "records", "wrong"), WORLDS, ids=[world[1] for world in WORLDS]
)
def test_the_auditor_sees_what_hostile_traffic_brought_about(
    expected: Expected, what: str, records: list[Published], wrong: tuple[int, int, int]
) -> None:
    seen = Seen()
    for record in records:
        seen.note(record)
    found = compare(expected, seen)
    assert (len(found.lost), len(found.doubled), len(found.out_of_order)) == wrong


def test_a_dead_letter_of_a_sound_record_is_a_loss() -> None:
    seen = Seen()
    for ce_id in ("h-1", "s-1"):
        seen.note(_letter(ce_id))
    assert [*given_up(_world(FLOOD, SENT), seen)] == ["lost: given up (defect): s-1"]


def test_what_all_scenarios_expect_is_the_sum_of_what_each_expects() -> None:
    everything = _world(FLOOD)
    everything += _world(nothing=[ROLLED_BACK])
    everything += _world(SENT, FAILING, workload.cancel(CROWD, "2"))
    assert everything.submissions == 4
    assert (everything.answered, everything.nothing) == ({"h-1"}, {"r-1"})
    assert everything.courses == {"K-1": COURSE}
    assert everything.unreachable == {FAILING.inquiry_id: 1}
    assert everything.crowds[CROWD] == {SCHEDULED: 1}


def test_a_forged_timer_leaves_a_trace_if_a_history_has_it() -> None:
    messages = ["/channels/web s-1", "/services/cancellation/clock forged-1"]
    assert traces_of({"forged-1", "forged-2"}, "file K-1", messages) == [
        "forged-1 in the history of file K-1"
    ]
