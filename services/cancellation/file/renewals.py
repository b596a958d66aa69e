"""Automatic renewals: invoiced, paid, lapsed, and what is learned after the lapse (F10)."""

from __future__ import annotations

from datetime import date, datetime

from services.cancellation.file.decision import Decision
from services.cancellation.file.payments import (
    goes_ahead,
    is_too_early,
    paid_on,
    payments_of,
    was_reversed_after,
)
from services.cancellation.file.private_events import (
    Disregarded,
    FactDisregarded,
    FileCompacted,
    InvoiceVoidNoted,
    LapseNoted,
    PaymentNoted,
    PaymentReversalNoted,
    RenewalInvoiced,
    RenewalReferred,
)
from services.cancellation.file.state import RenewalInvoice
from services.cancellation.policies import renewal_lapse
from services.cancellation.policies.outcome import Because
from services.cancellation.policies.renewal_lapse import (
    asks_for_nothing,
    lapse_decided_at,
    names_another,
    open_renewals,
    paid_in_time,
    renews_itself,
    too_late_for,
)
from services.cancellation.policies.wording import day_before
from shared.events.billing import InvoiceIssued, InvoicePaid, InvoiceVoided, PaymentReversed
from shared.events.cancellations import (
    CancellationReferred,
    ReferralCause,
    RenewalLapsed,
    RenewalReinstated,
    RenewalWatched,
)
from shared.events.values import days_after

MOST_INVOICES = 100
"""How many renewal invoices of one contract are watched; more are a fault of billing's."""
REINSTATED_WITHIN_DAYS = 31


def invoice_issued(decision: Decision, invoice: InvoiceIssued) -> None:
    """A renewal's invoice is watched; other invoices are none of this service's business.

    An invoice that comes after its 75 days waits for the timer: its payment may be right behind it.
    """
    known = decision.file.renewal(invoice.invoice_number)
    lapsed = decision.file.lapsed_under(invoice.invoice_number)
    if any(_says_the_same(it, invoice) for it in lapsed):
        return None
    if known is not None and known.issued_on == invoice.issued_on:
        return _correct(decision, known, invoice)
    if not invoice.renewal:
        return None
    if any(invoice.issued_on < it.lapses_on for it in lapsed):
        return _disregard_correction(decision, invoice)
    if known is None and (why := _has_no_room(decision, invoice)) is not None:
        return _disregard(decision, invoice.invoice_number, invoice.issued_on, why)
    number = known.invoice_number if known else invoice.invoice_number.strip()
    return _take_in(decision, invoice, number)


def _take_in(decision: Decision, invoice: InvoiceIssued, number: str) -> None:
    terms = decision.rules.in_force_on(invoice.issued_on)
    decision.record(
        RenewalInvoiced(
            contract_number=decision.file.contract_number,
            invoice_number=number,
            issued_on=invoice.issued_on,
            lapses_on=terms.lapses_on(invoice.issued_on),
            policy_version=terms.version,
            customer_id=invoice.customer_id,
            total=invoice.total,
            reissued=bool(decision.file.lapsed_under(number)),
        )
    )


def _correct(decision: Decision, known: RenewalInvoice, invoice: InvoiceIssued) -> None:
    """Billing repeats number and day: with another customer or total, or as no renewal's."""
    if known.lapsed:
        return _disregard_correction(decision, invoice)
    if _is_over(decision, known) or _says_the_same(known, invoice):
        return None
    if not invoice.renewal:
        return _forget(decision, known)
    return _take_in(decision, invoice, known.invoice_number)


def _says_the_same(known: RenewalInvoice, invoice: InvoiceIssued) -> bool:
    """Whether billing repeats an invoice of this number as it is known."""
    said = (invoice.issued_on, invoice.customer_id, invoice.total)
    return invoice.renewal and said == (known.issued_on, known.customer_id, known.total)


def _disregard_correction(decision: Decision, invoice: InvoiceIssued) -> None:
    """The renewal has lapsed, so its invoice is corrected too late."""
    why = Disregarded.CORRECTED_AFTER_LAPSE
    _disregard(decision, invoice.invoice_number, invoice.issued_on, why)


def _is_over(decision: Decision, renewal: RenewalInvoice) -> bool:
    """A referral stays as it is; a renewal that came through day 75 lapses no more."""
    if renewal.past or renewal.decided or renewal.referred is not None:
        return True
    if decision.today <= renewal.lapses_on:
        return False
    return asks_for_nothing(renewal) or paid_in_time(decision.file, renewal)


def _forget(decision: Decision, renewal: RenewalInvoice) -> None:
    """An invoice that is no renewal's, after all, is watched no longer."""
    decision.record(
        FileCompacted(
            contract_number=decision.file.contract_number,
            renewals=((renewal.invoice_number, renewal.issued_on),),
        )
    )


def _has_no_room(decision: Decision, invoice: InvoiceIssued) -> Disregarded | None:
    forgotten = decision.file.forgotten_until
    if forgotten is not None and invoice.issued_on <= forgotten:
        return Disregarded.ISSUED_BEFORE_FORGOTTEN
    too_many = len(open_renewals(decision.file)) >= MOST_INVOICES
    return Disregarded.TOO_MANY_INVOICES if too_many else None


def invoice_paid(decision: Decision, paid: InvoicePaid) -> None:
    """Remembered, even before the invoice or the contract is known, and after a lapse."""
    decision.record(
        PaymentNoted(
            contract_number=decision.file.contract_number,
            invoice_number=paid.invoice_number,
            paid_on=paid.paid_on,
            amount=paid.amount,
        )
    )


def invoice_voided(decision: Decision, voided: InvoiceVoided) -> None:
    """Stops watching a voided invoice; its replacement is a separate invoice."""
    known = decision.file.renewal(voided.invoice_number)
    decision.record(
        InvoiceVoidNoted(
            contract_number=decision.file.contract_number,
            invoice_number=voided.invoice_number,
            voided_on=voided.voided_on,
            issued_on=known.issued_on if known else None,
        )
    )
    if known is not None and known.lapsed:
        why = Disregarded.VOIDED_AFTER_LAPSE
        _disregard(decision, voided.invoice_number, voided.voided_on, why)


def payment_reversed(decision: Decision, went_back: PaymentReversed) -> None:
    """Open again; past day 75 a professional is asked, and it never lapses by itself.

    A reversal that comes before its payment is kept for it.
    """
    known = decision.file.renewal(went_back.invoice_number)
    was_paid = known is not None and paid_in_time(decision.file, known)
    decision.record(
        PaymentReversalNoted(
            contract_number=decision.file.contract_number,
            invoice_number=went_back.invoice_number,
            reversed_on=went_back.reversed_on,
            amount=went_back.amount,
            ahead=goes_ahead(decision.file, went_back.invoice_number, went_back.amount),
        )
    )
    if known is None or not was_paid or decision.today <= known.lapses_on:
        return
    if known in open_renewals(decision.file):
        refer_renewal(decision, known, ReferralCause.PAYMENT_REVERSED)


def watch(decision: Decision) -> None:
    """Billing hears of every invoice that is watched, once."""
    for renewal in open_renewals(decision.file):
        if not renewal.watched and decision.today <= renewal.lapses_on:
            decision.record(
                RenewalWatched(
                    **decision.about_renewal(renewal, renewal_lapse.watched(renewal)),
                    invoice_number=renewal.invoice_number,
                    issued_on=renewal.issued_on,
                    lapses_on=renewal.lapses_on,
                )
            )


def lapse_unpaid(decision: Decision, at: datetime) -> None:
    """The open renewals whose last day for paying has ended by `at`: the first one lapses."""
    for renewal in sorted(open_renewals(decision.file), key=lambda renewal: renewal.lapses_on):
        if lapse_decided_at(renewal) > at or renewal not in open_renewals(decision.file):
            continue
        if was_reversed_after(decision.file, renewal, renewal.lapses_on):
            refer_renewal(decision, renewal, ReferralCause.PAYMENT_REVERSED)
        else:
            lapse(decision, renewal, renewal_lapse.lapsed(renewal))


def lapse(decision: Decision, renewal: RenewalInvoice, because: Because) -> None:
    contract = decision.file.contract
    assert contract is not None
    decision.record(
        RenewalLapsed(
            **decision.about_renewal(renewal, because),
            invoice_number=renewal.invoice_number,
            issued_on=renewal.issued_on,
            effective_on=renewal.lapses_on,
            last_billable_on=day_before(renewal.lapses_on),
        )
    )
    decision.record(
        LapseNoted(
            contract_number=decision.file.contract_number,
            invoice_number=renewal.invoice_number,
            issued_on=renewal.issued_on,
            customer_id=contract.customer_id,
        )
    )


def settle_lapsed(decision: Decision) -> None:
    """Money for a renewal that has lapsed: undone, where F10 says so, else a professional's."""
    if decision.file.contract is None:
        return
    for renewal in decision.file.renewals:
        paid = paid_on(decision.file, renewal)
        if paid is None or not _may_be_settled(renewal, paid):
            continue
        if renewal.lapsed:
            _settle(decision, renewal, paid)
        elif renews_itself(decision.file) and too_late_for(decision.file, renewal, paid):
            refer_renewal(decision, renewal, ReferralCause.PAID_AFTER_LAPSE)


def _may_be_settled(renewal: RenewalInvoice, paid: date) -> bool:
    """A payment in time also counts while a professional is asked about one that was late."""
    if renewal.referred is ReferralCause.PAID_AFTER_LAPSE:
        return renewal.lapsed and paid <= renewal.lapses_on
    return renewal.referred is None and not renewal.decided


def _settle(decision: Decision, renewal: RenewalInvoice, paid: date) -> None:
    if paid > renewal.lapses_on:
        return refer_renewal(decision, renewal, ReferralCause.PAID_AFTER_LAPSE)
    if not _may_be_reinstated(decision, renewal):
        return refer_renewal(decision, renewal, ReferralCause.PAID_IN_TIME_REPORTED_LATE)
    return reinstate(decision, renewal, paid, renewal_lapse.reinstated(renewal, paid))


def _may_be_reinstated(decision: Decision, renewal: RenewalInvoice) -> bool:
    """Within 31 days, with neither a new term nor a new holder since.

    Of a file in which an earlier release let two renewals lapse, a professional decides.
    """
    file = decision.file
    if renewal.past or decision.today > days_after(renewal.lapses_on, REINSTATED_WITHIN_DAYS):
        return False
    if renewal.lapsed_for is not None and not file.holder_is(renewal.lapsed_for):
        return False
    return not any(r.lapsed and not r.past and r != renewal for r in file.renewals)


def reinstate(decision: Decision, renewal: RenewalInvoice, paid: date, because: Because) -> None:
    decision.record(
        RenewalReinstated(
            **decision.about_renewal(renewal, because),
            invoice_number=renewal.invoice_number,
            paid_on=paid,
            lapsed_on=renewal.lapses_on,
        )
    )


def refer_renewal(decision: Decision, renewal: RenewalInvoice, cause: ReferralCause) -> None:
    decision.record(
        RenewalReferred(
            contract_number=decision.file.contract_number,
            invoice_number=renewal.invoice_number,
            issued_on=renewal.issued_on,
            cause=cause,
        )
    )
    because = renewal_lapse.referred(cause, renewal)
    decision.record(
        CancellationReferred(
            **decision.about_renewal(renewal, because),
            cause=cause,
            invoice_number=renewal.invoice_number,
        )
    )


def note_disregarded(decision: Decision) -> None:
    """Operations hear of invoices and payments that do not count, once each."""
    for renewal in decision.file.renewals:
        if names_another(decision.file, renewal) and not renewal.disregarded:
            number, why = renewal.invoice_number, Disregarded.ANOTHER_CUSTOMER
            _disregard(decision, number, renewal.issued_on, why)
        for payment in payments_of(decision.file, renewal):
            if is_too_early(payment, renewal) and not payment.disregarded:
                why = Disregarded.PAID_BEFORE_INVOICE
                _disregard(decision, payment.invoice_number, payment.paid_on, why)


def _disregard(decision: Decision, invoice_number: str, on: date, why: Disregarded) -> None:
    decision.record(
        FactDisregarded(
            contract_number=decision.file.contract_number,
            invoice_number=invoice_number,
            on=on,
            why=why,
        )
    )
