"""`single-charge` (F10): a Passport Advantage licence needs no cancellation, ever."""

import pytest

from shared.events.envelope import Event
from tests.builders.cancellation import (
    PASSPORT,
    Desk,
    contract,
    day,
    destroyed,
    invoiced,
    paid,
    requested,
    told,
)

PAID_ONCE, LAPSES = "paid-at-the-start", "renewal-lapses-unpaid"
RENEWING = contract(PASSPORT, auto_renewal=True)
NOT_RENEWING = contract(PASSPORT, auto_renewal=False)


@pytest.mark.parametrize(
    ("given", "rule", "lapses"),
    [
        ((RENEWING,), PAID_ONCE, None),
        ((RENEWING, invoiced("2027-01-01")), LAPSES, "2027-03-17"),
        ((RENEWING, invoiced("2028-01-01")), LAPSES, "2028-03-16"),  # over 29 February
        ((RENEWING, invoiced("2028-02-29")), LAPSES, "2028-05-14"),
        ((RENEWING, invoiced("2027-01-01", renewal=False)), PAID_ONCE, None),
        ((NOT_RENEWING, invoiced("2027-01-01")), PAID_ONCE, None),
        ((RENEWING, invoiced("2027-01-01"), paid("2027-01-20")), PAID_ONCE, None),
        ((RENEWING, paid("2027-01-20"), invoiced("2027-01-01")), PAID_ONCE, None),
        ((RENEWING, invoiced("2027-01-01"), paid("2027-03-18")), LAPSES, "2027-03-17"),
        ((RENEWING, invoiced("2027-01-01"), paid("2027-01-20", "F-9")), LAPSES, "2027-03-17"),
        (
            (RENEWING, invoiced("2027-02-01", "F-2"), invoiced("2027-01-01", "F-1")),
            LAPSES,
            "2027-03-17",
        ),
    ],
)
@pytest.mark.parametrize("asked", [requested("2027-01-10"), destroyed("2027-01-10", "first")])
def test_nothing_needs_cancelling(
    asked: Event, given: tuple[Event, ...], rule: str, lapses: str | None
) -> None:
    desk = Desk("2027-01-10", *given)

    answers = desk.hears(asked)

    assert told(answers, "policy", "rule", "lapses_on", "inquiry_id") == [
        ("not_required", "single-charge", rule, lapses and day(lapses), "first")
    ]


def test_a_lapsed_renewal_is_not_open_any_more() -> None:
    desk = Desk("2027-01-10", RENEWING, invoiced("2027-01-01"))
    desk.until("2027-03-20")

    assert told(desk.hears(requested("2027-03-20")), "lapses_on") == [("not_required", None)]


def test_the_customer_reads_when_the_renewal_lapses() -> None:
    desk = Desk("2027-01-10", RENEWING, invoiced("2027-01-01"))

    (answer,) = desk.hears(requested("2027-01-10"))

    assert answer.explanation.es == (
        "Esta licencia se pagó al inicio con un único cargo, así que no es necesario cancelarla. "
        "Si no se paga la factura de renovación automática emitida el 1 de enero de 2027, la "
        "renovación quedará cancelada por sí sola el 17 de marzo de 2027."
    )
