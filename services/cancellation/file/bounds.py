"""How large a file may grow: what strangers send, what is settled, what billing reports.

A customer who is not known as the holder may be a stranger. As many of their requests are held as
`MOST_HELD`, and as many referrals kept as `MOST_REFERRED`; what is beyond is referred at once, or
leaves the file once it is referred, with the same answer. A professional still decides it by naming
inquiry and customer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal

from services.cancellation.file.decision import Decision
from services.cancellation.file.payments import payments_of
from services.cancellation.file.private_events import FileCompacted
from services.cancellation.file.state import (
    CancellationFile,
    Payment,
    RenewalInvoice,
    Request,
    RequestStatus,
)
from services.cancellation.policies.renewal_lapse import open_renewals
from shared.events.values import Money

MOST_OPEN = 50
"""The holder's requests that wait at the same time."""
MOST_HELD = 50
MOST_REFERRED = 50
MOST_OF_ONE_STRANGER = 10
MOST_EVIDENCE_HELD = 20
SETTLED_KEPT = 20
"""Requests of the holder, and as many of all others, that were settled last."""
RENEWALS_KEPT = 24
"""Invoices that were paid, lapsed or voided last."""
PAYMENTS_KEPT = 100
"""Payments of invoices that the file does not know (yet)."""
PAYMENTS_OF_ONE_INVOICE = 20
VOIDS_KEPT = 50
REVERSALS_KEPT = 50
"""Reversals kept of payments that billing has not reported (yet)."""


def has_room(file: CancellationFile, customer_id: str) -> bool:
    """Whether another request of this customer can be kept."""
    mine = file.open_requests_of(customer_id)
    if file.holder_is(customer_id):
        return len(mine) < MOST_OPEN
    held = sum(1 for r in file.requests if r.status is RequestStatus.HELD)
    held_of_mine = sum(1 for r in mine if r.status is RequestStatus.HELD)
    return held < MOST_HELD and held_of_mine < MOST_OF_ONE_STRANGER


def takes_evidence(request: Request) -> bool:
    """Whether evidence can join a request; it is answered together with it."""
    return len(request.unanswered) < MOST_EVIDENCE_HELD


def compact(decision: Decision) -> None:
    """Drops from a file that exceeds its bounds the facts that no later decision needs."""
    file = decision.file
    if _is_small(file):
        return
    inquiries = (*_settled_beyond(file), *_referrals_beyond(file))
    renewals = tuple(_renewals_beyond(file))
    payments = _payments_within(file, renewals)
    voids = max(0, len(file.voids) - VOIDS_KEPT)
    reversals = max(0, len(file.reversals) - REVERSALS_KEPT)
    noted_timer = file.woken_for is not None
    too_much = inquiries or renewals or voids or reversals or payments is not None
    if not (too_much or noted_timer):
        return
    decision.record(
        FileCompacted(
            contract_number=file.contract_number,
            inquiry_ids=inquiries,
            renewals=tuple((r.invoice_number, r.issued_on) for r in renewals),
            forgotten_until=max((r.issued_on for r in renewals), default=None),
            payments=payments,
            voids=voids,
            reversals=reversals,
            forgets_timer=noted_timer,
        )
    )


def _is_small(file: CancellationFile) -> bool:
    """Whether so little is there that nothing can be too much."""
    return (
        len(file.requests) <= min(SETTLED_KEPT, MOST_REFERRED, MOST_OF_ONE_STRANGER)
        and len(file.renewals) <= RENEWALS_KEPT
        and len(file.payments) <= min(PAYMENTS_KEPT, PAYMENTS_OF_ONE_INVOICE)
        and len(file.voids) <= VOIDS_KEPT
        and len(file.reversals) <= REVERSALS_KEPT
        and file.woken_for is None
    )


def _settled_beyond(file: CancellationFile) -> Iterator[str]:
    settled = [r for r in file.requests if r.status is RequestStatus.SETTLED]
    mine = [r.inquiry_id for r in settled if file.holder_is(r.customer_id)]
    others = [r.inquiry_id for r in settled if not file.holder_is(r.customer_id)]
    yield from mine[:-SETTLED_KEPT]
    yield from others[:-SETTLED_KEPT]


def _referrals_beyond(file: CancellationFile) -> Iterator[str]:
    """Yields the surplus referrals of non-holders; each customer's oldest few stay."""
    standing = file.cancellation.inquiry_id if file.cancellation else None
    kept: dict[str, int] = {}
    for request in file.referred():
        customer = request.customer_id
        if request.inquiry_id == standing or file.holder_is(customer):
            continue
        full = sum(kept.values()) >= MOST_REFERRED
        if full or kept.get(customer, 0) >= MOST_OF_ONE_STRANGER:
            yield request.inquiry_id
        else:
            kept[customer] = kept.get(customer, 0) + 1


def _renewals_beyond(file: CancellationFile) -> Sequence[RenewalInvoice]:
    """The settled ones, oldest first. A lapse that stands and a referral are not settled."""
    waiting = {(r.invoice_number, r.issued_on) for r in open_renewals(file)}
    if file.contract is None:
        return ()
    settled = [
        r
        for r in file.renewals
        if (r.invoice_number, r.issued_on) not in waiting and r.referred is None
    ]
    return sorted(settled, key=_last_day)[: max(0, len(settled) - RENEWALS_KEPT)]


def _last_day(renewal: RenewalInvoice) -> tuple[bool, date]:
    return renewal.lapsed and not renewal.past, renewal.lapses_on


def _payments_within(
    file: CancellationFile, leaving: Iterable[RenewalInvoice]
) -> tuple[Payment, ...] | None:
    """All payments that stay, where there are twice as many as are kept; else None."""
    gone = {(r.invoice_number, r.issued_on) for r in leaving}
    known = [r for r in file.renewals if (r.invoice_number, r.issued_on) not in gone]
    theirs = {id(p): r for r in known for p in payments_of(file, r)}
    others = [p for p in file.payments if id(p) not in theirs]
    full = [r for r in known if len(payments_of(file, r)) > 2 * PAYMENTS_OF_ONE_INVOICE]
    if len(others) <= 2 * PAYMENTS_KEPT and not full:
        return None
    dropped = {id(p) for p in others[:-PAYMENTS_KEPT]}
    stay = [p for p in file.payments if id(p) not in dropped]
    for renewal in full:
        stay = [p for p in stay if theirs.get(id(p)) is not renewal]
        stay += _merged(payments_of(file, renewal), renewal)
    return tuple(stay)


def _merged(payments: Sequence[Payment], renewal: RenewalInvoice) -> list[Payment]:
    """The oldest part payments as one, so that the same sum is paid in time and the same late."""
    full = [p for p in payments if p.amount is None or p.reversed_on is not None]
    parts = [p for p in payments if p not in full]
    merged: dict[tuple[str, bool], Payment] = {}
    for part in parts[:-PAYMENTS_OF_ONE_INVOICE]:
        assert part.amount is not None
        key = (part.amount.currency, part.paid_on <= renewal.lapses_on)
        merged[key] = _together(merged[key], part) if key in merged else part
    return [*full[-PAYMENTS_OF_ONE_INVOICE:], *merged.values(), *parts[-PAYMENTS_OF_ONE_INVOICE:]]


def _together(left: Payment, right: Payment) -> Payment:
    assert left.amount is not None
    assert right.amount is not None
    total: Decimal = left.amount.amount + right.amount.amount
    return left.model_copy(
        update={
            "amount": Money(amount=total, currency=left.amount.currency),
            "paid_on": max(left.paid_on, right.paid_on),
        }
    )
