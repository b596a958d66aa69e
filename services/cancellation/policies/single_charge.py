"""`single-charge`: Passport Advantage licences (F10).

They are paid at the start with one single charge and need no cancellation. If an automatic
renewal's invoice is open, the answer says when the renewal lapses by itself.
"""

from __future__ import annotations

from services.cancellation.file.state import RenewalInvoice
from services.cancellation.policies.outcome import Because, NotRequired, PolicyCase, PolicyName
from services.cancellation.policies.renewal_lapse import open_renewals
from services.cancellation.policies.wording import fecha, written
from shared.events.values import Bilingual


def decide(case: PolicyCase) -> NotRequired:
    """Never a cancellation; the first open renewal's lapse date, if there is one."""
    renewals = open_renewals(case.file)
    if not renewals:
        return NotRequired(_because("paid-at-the-start", PAID_AT_THE_START), lapses_on=None)
    first = min(renewals, key=lambda renewal: renewal.lapses_on)
    return NotRequired(_because("renewal-lapses-unpaid", _lapses(first)), first.lapses_on)


def _because(rule: str, explanation: Bilingual) -> Because:
    return Because(PolicyName.SINGLE_CHARGE, rule, explanation)


PAID_AT_THE_START = Bilingual(
    es="Esta licencia se pagó al inicio con un único cargo, así que no es necesario cancelarla.",
    en="This licence was paid at the start with one single charge, so it needs no cancellation.",
)


def _lapses(renewal: RenewalInvoice) -> Bilingual:
    return Bilingual(
        es=(
            f"{PAID_AT_THE_START.es} Si no se paga la factura de renovación automática emitida el "
            f"{fecha(renewal.issued_on)}, la renovación quedará cancelada por sí sola el "
            f"{fecha(renewal.lapses_on)}."
        ),
        en=(
            f"{PAID_AT_THE_START.en} If the automatic renewal's invoice of "
            f"{written(renewal.issued_on)} is not paid, the renewal will be cancelled by itself "
            f"on {written(renewal.lapses_on)}."
        ),
    )
