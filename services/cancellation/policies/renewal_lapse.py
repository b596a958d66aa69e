"""`renewal-lapse`: Passport Advantage licences with automatic renewal (F10).

Invoice issued: watch it. Paid on or before day 75: nothing happens. Else, at the start of the day
after `issued_on + 75 days`, the renewal has lapsed, effective `issued_on + 75 days`.
"""

from __future__ import annotations

from datetime import date, datetime

from services.cancellation.file.payments import paid_on
from services.cancellation.file.state import CancellationFile, RenewalInvoice
from services.cancellation.policies.outcome import Because, PolicyName
from services.cancellation.policies.wording import day_before, fecha, written
from shared.events.cancellations import ReferralCause
from shared.events.contracts import ContractType
from shared.events.values import Bilingual, days_after, start_of_day


def open_renewals(file: CancellationFile) -> tuple[RenewalInvoice, ...]:
    """The renewal invoices that can still lapse: not paid in time, not lapsed, not referred.

    None while the contract is not known as an automatically renewing Passport Advantage licence,
    and none while a lapse stands: a renewal that has ended does not end again.
    """
    if not renews_itself(file) or file.lapsed_on is not None:
        return ()
    return tuple(r for r in file.renewals if _may_lapse(file, r) and not paid_in_time(file, r))


def renews_itself(file: CancellationFile) -> bool:
    contract = file.contract
    if contract is None or contract.type != ContractType.PASSPORT_ADVANTAGE:
        return False
    return contract.auto_renewal


def _may_lapse(file: CancellationFile, renewal: RenewalInvoice) -> bool:
    if renewal.lapsed or renewal.past or renewal.decided or renewal.referred is not None:
        return False
    return counts(file, renewal)


def counts(file: CancellationFile, renewal: RenewalInvoice) -> bool:
    """Whether it is an invoice of the holder's, of more than nothing, and not void."""
    if names_another(file, renewal) or asks_for_nothing(renewal):
        return False
    return not any(void.voids(renewal) for void in file.voids)


def asks_for_nothing(renewal: RenewalInvoice) -> bool:
    """Whether it is an invoice of 0 or less."""
    return renewal.total is not None and renewal.total.amount <= 0


def names_another(file: CancellationFile, renewal: RenewalInvoice) -> bool:
    """Whether the invoice names another customer than the contract's holder."""
    if file.contract is None or renewal.customer_id is None:
        return False
    return not file.holder_is(renewal.customer_id)


def too_late_for(file: CancellationFile, renewal: RenewalInvoice, paid: date) -> bool:
    """Whether the contract's renewal had lapsed, by another invoice, before this one's money."""
    lapsed_on = file.lapsed_on
    return lapsed_on is not None and lapsed_on < max(paid, renewal.issued_on)


def paid_in_time(file: CancellationFile, renewal: RenewalInvoice) -> bool:
    paid = paid_on(file, renewal)
    return paid is not None and paid <= renewal.lapses_on


def lapse_decided_at(renewal: RenewalInvoice) -> datetime:
    """The start of the day after the last day for paying."""
    return start_of_day(days_after(renewal.lapses_on, 1))


def lapsed(renewal: RenewalInvoice) -> Because:
    """Returns the reason for the lapse of an unpaid renewal (F10)."""
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


def watched(renewal: RenewalInvoice) -> Because:
    """Returns the reason for announcing an open renewal to billing."""
    return Because(
        PolicyName.RENEWAL_LAPSE,
        "renewal-watched",
        Bilingual(
            es=(
                f"La factura de renovación automática emitida el {fecha(renewal.issued_on)} está "
                f"pendiente de pago. Si no se paga hasta el {fecha(renewal.lapses_on)} inclusive, "
                "la renovación quedará cancelada con efecto en esa fecha."
            ),
            en=(
                f"The automatic renewal's invoice of {written(renewal.issued_on)} is unpaid. "
                f"Unless it is paid by {written(renewal.lapses_on)}, the renewal will be cancelled "
                "with effect from that day."
            ),
        ),
    )


def reinstated(renewal: RenewalInvoice, paid: date) -> Because:
    """Paid in time, reported after the lapse: F10 says that nothing should have happened."""
    return Because(
        PolicyName.RENEWAL_LAPSE,
        "paid-in-time-reported-late",
        Bilingual(
            es=(
                f"La factura de renovación automática se pagó en plazo, el {fecha(paid)}, aunque "
                f"lo hemos sabido después del {fecha(renewal.lapses_on)}. La renovación sigue en "
                "vigor, como si nunca se hubiera cancelado."
            ),
            en=(
                f"The automatic renewal's invoice was paid in time, on {written(paid)}, although "
                f"we heard of it after {written(renewal.lapses_on)}. The renewal is in force, as "
                "if it had never been cancelled."
            ),
        ),
    )


def reinstated_by_agent(paid: date) -> Because:
    return Because(
        PolicyName.RENEWAL_LAPSE,
        "agent-approved",
        Bilingual(
            es=(
                f"Un profesional ha revisado el pago del {fecha(paid)} y ha aceptado la "
                "renovación, que sigue en vigor."
            ),
            en=(
                f"A professional has reviewed the payment of {written(paid)} and accepted the "
                "renewal, which is in force again."
            ),
        ),
    )


def lapsed_by_agent(renewal: RenewalInvoice) -> Because:
    return Because(
        PolicyName.RENEWAL_LAPSE,
        "agent-approved",
        Bilingual(
            es=(
                "Un profesional ha revisado la devolución del pago y la renovación queda cancelada "
                f"con efecto el {fecha(renewal.lapses_on)}. El último día que se factura es el "
                f"{fecha(day_before(renewal.lapses_on))}."
            ),
            en=(
                "A professional has reviewed the reversed payment, and the renewal is cancelled "
                f"with effect from {written(renewal.lapses_on)}. The last day charged is "
                f"{written(day_before(renewal.lapses_on))}."
            ),
        ),
    )


def refused_by_agent() -> Because:
    return Because(
        PolicyName.RENEWAL_LAPSE,
        "agent-refused",
        Bilingual(
            es="Un profesional ha revisado el pago de la renovación y nada cambia.",
            en="A professional has reviewed the renewal's payment, and nothing changes.",
        ),
    )


def referred(cause: ReferralCause, renewal: RenewalInvoice) -> Because:
    """A professional is asked about the renewal."""
    issued_es, issued_en = fecha(renewal.issued_on), written(renewal.issued_on)
    day_es, day_en = fecha(renewal.lapses_on), written(renewal.lapses_on)
    es, en = {
        ReferralCause.PAYMENT_REVERSED: (
            f"El pago de la factura de renovación emitida el {issued_es} se ha devuelto después "
            f"del {day_es}, el último día para pagarla.",
            f"The payment of the renewal's invoice of {issued_en} was reversed after {day_en}, the "
            "last day for paying it.",
        ),
        ReferralCause.PAID_IN_TIME_REPORTED_LATE: (
            f"La factura de renovación emitida el {issued_es} se pagó en plazo, aunque lo hemos "
            f"sabido después de que la renovación quedara cancelada el {day_es}.",
            f"The renewal's invoice of {issued_en} was paid in time, although we heard of it after "
            f"the renewal had been cancelled on {day_en}.",
        ),
    }.get(
        cause,
        (
            f"Hemos recibido el pago de la factura de renovación emitida el {issued_es}, pero la "
            "renovación ya estaba cancelada.",
            f"We have received the payment of the renewal's invoice of {issued_en}, but the "
            "renewal had already been cancelled.",
        ),
    )
    return Because(
        PolicyName.RENEWAL_LAPSE,
        cause.value.replace("_", "-"),
        Bilingual(
            es=f"{es} Un profesional lo revisará y le responderá.",
            en=f"{en} A professional will review it and answer you.",
        ),
    )
