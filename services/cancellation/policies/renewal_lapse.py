"""`renewal-lapse`: Passport Advantage licences with automatic renewal (F10).

Invoice issued: watch it. Paid on or before day 75: nothing happens. Else, at the start of the day
after `issued_on + 75 days`, the renewal has lapsed, effective `issued_on + 75 days`.
"""

from __future__ import annotations

from datetime import datetime

from services.cancellation.file import File, RenewalInvoice
from services.cancellation.policies.outcome import Because, PolicyName
from services.cancellation.policies.wording import day_before, fecha, written
from shared.events.contracts import ContractType
from shared.events.values import Bilingual, days_after, start_of_day


def open_renewals(file: File) -> tuple[RenewalInvoice, ...]:
    """The renewal invoices that can still lapse: not paid in time and not lapsed.

    None while the contract is not known as an automatically renewing Passport Advantage licence.
    """
    contract = file.contract
    if contract is None or contract.type != ContractType.PASSPORT_ADVANTAGE:
        return ()
    if not contract.auto_renewal:
        return ()
    return tuple(r for r in file.renewals if not r.lapsed and not _paid_in_time(file, r))


def _paid_in_time(file: File, renewal: RenewalInvoice) -> bool:
    return any(
        payment.invoice_number == renewal.invoice_number and payment.paid_on <= renewal.lapses_on
        for payment in file.payments
    )


def lapse_decided_at(renewal: RenewalInvoice) -> datetime:
    """The start of the day after the last day for paying."""
    return start_of_day(days_after(renewal.lapses_on, 1))


def lapsed(renewal: RenewalInvoice) -> Because:
    """Why an unpaid renewal ends without anyone asking for it."""
    last_billable_on = day_before(renewal.lapses_on)
    return Because(
        PolicyName.RENEWAL_LAPSE,
        "unpaid-in-time",
        Bilingual(
            es=(
                f"La factura de renovación automática emitida el {fecha(renewal.issued_on)} no se "
                f"ha pagado en plazo, así que la renovación queda cancelada con efecto el "
                f"{fecha(renewal.lapses_on)}. El último día que se factura es el "
                f"{fecha(last_billable_on)}."
            ),
            en=(
                f"The automatic renewal's invoice of {written(renewal.issued_on)} was not paid in "
                f"time, so the renewal is cancelled with effect from {written(renewal.lapses_on)}. "
                f"The last day charged is {written(last_billable_on)}."
            ),
        ),
    )
