"""`preview`: what would happen if I asked today, decided by the same code."""

import pytest

from services.cancellation.file.decide import Rules
from services.cancellation.preview import preview
from shared.events.envelope import Event
from tests.builders.cancellation import (
    HOLDER,
    MAINTENANCE,
    MONTHLY,
    NUMBER,
    PASSPORT,
    STRANGER,
    Desk,
    confirmed,
    contract,
    day,
    instant,
    invoiced,
    public,
    requested,
    told,
)

TODAY = "2027-03-01 10:00"
NAMES = ("inquiry_id", "rule", "effective_on")


@pytest.mark.parametrize(
    ("given", "asked", "answer"),
    [
        (
            (contract(MONTHLY),),
            {"destruction_confirmed": True},
            ("scheduled", "preview", "notice-from-completion", day("2027-03-31")),
        ),
        (
            (contract(MONTHLY),),
            {"destruction_confirmed": True, "requested_end_on": day("2027-06-30")},
            ("scheduled", "preview", "requested-end-date", day("2027-06-30")),
        ),
        (
            (contract(MONTHLY),),
            {},
            ("evidence_awaited", "preview", "destruction-not-confirmed", None),
        ),
        (
            (contract(MAINTENANCE),),
            {"signed": True},
            ("scheduled", "preview", "notice-from-completion", day("2027-03-01")),
        ),
        (
            (contract(MAINTENANCE),),
            {"customer_id": HOLDER},
            ("evidence_awaited", "preview", "signature-missing", None),
        ),
        (
            (contract(PASSPORT), invoiced("2027-02-01")),
            {},
            ("not_required", "preview", "renewal-lapses-unpaid", None),
        ),
        (
            (contract("servicepac"),),
            {"signed": True},
            ("referred", "preview", "no-policy-for-type", None),
        ),
        (
            (contract(MONTHLY), confirmed("2027-02-15")),
            {},
            ("already_scheduled", "preview", "already-scheduled", day("2027-03-17")),
        ),
        ((), {}, ("referred", "preview", "contract-not-found", None)),
        ((), {"customer_id": HOLDER}, ("referred", "preview", "contract-not-found", None)),
        (
            (contract(MONTHLY),),
            {"customer_id": STRANGER, "destruction_confirmed": True},
            ("referred", "preview", "contract-not-found", None),
        ),
        (
            (requested(TODAY, "held"),),
            {"customer_id": STRANGER},
            ("referred", "preview", "contract-not-found", None),
        ),
    ],
)
def test_what_would_happen(
    given: tuple[Event, ...], asked: dict[str, object], answer: tuple[object, ...]
) -> None:
    desk = Desk(TODAY, *given)
    before = desk.file

    events = preview(Rules(), desk.file, NUMBER, instant(TODAY), **asked)  # type: ignore[arg-type]

    assert told(public(events), *NAMES) == [answer]
    assert desk.file == before
