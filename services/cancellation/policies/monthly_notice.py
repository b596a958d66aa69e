"""`monthly-notice`: monthly-charge licences (F11).

All copies of the software must be destroyed, and the request must confirm it. Until then the
confirmation is awaited. The notice (30 days) counts from the day on which the request became
complete: the day of receipt, if it came complete. A later end date, if requested, is kept.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from services.cancellation.policies.outcome import (
    AwaitEvidence,
    Because,
    Outcome,
    PolicyCase,
    PolicyName,
    Schedule,
)
from services.cancellation.policies.wording import day_before, days, dias, fecha, written
from shared.events.values import Bilingual, Evidence, days_after


def decide(case: PolicyCase) -> Outcome:
    """Evidence awaited without the confirmation of destruction; scheduled with it."""
    request, terms = case.request, case.terms
    notice_days = terms.monthly_notice_days
    confirmed_on = request.counted.destruction_confirmed_on

    if confirmed_on is None:
        why = _confirm_destruction(request.due_on, notice_days)
        return AwaitEvidence(why, missing=(Evidence.DESTRUCTION,))

    complete_on = max(request.received_on, confirmed_on)
    notice_ends_on = days_after(complete_on, notice_days)
    wanted_on = request.requested_end_on
    if wanted_on is not None and wanted_on > notice_ends_on:
        why = _ends_as_requested(wanted_on, notice_ends_on, notice_days)
        return Schedule(why, complete_on, notice_ends_on, effective_on=wanted_on)

    why = _ends_after_notice(notice_ends_on, complete_on, notice_days)
    return Schedule(why, complete_on, notice_ends_on, effective_on=notice_ends_on)


def _confirm_destruction(due_on: date, notice: int) -> Because:
    return Because(
        PolicyName.MONTHLY_NOTICE,
        "destruction-not-confirmed",
        Bilingual(
            es=(
                "Para cancelar esta licencia de cargo mensual necesitamos que nos confirme que se "
                "han destruido todas las copias del software. Puede confirmarlo hasta el "
                f"{fecha(due_on)} inclusive; el preaviso de {dias(notice)} empieza a contar el "
                "día en que recibamos su confirmación."
            ),
            en=(
                "To cancel this monthly-charge licence we need you to confirm that all copies of "
                f"the software have been destroyed. You can confirm it until {written(due_on)} "
                f"inclusive; the notice of {days(notice)} starts on the day on which we receive "
                "your confirmation."
            ),
        ),
    )


@lru_cache(maxsize=256)  # most of a day's requests get the same sentence
def _ends_after_notice(effective_on: date, complete_on: date, notice: int) -> Because:
    return Because(
        PolicyName.MONTHLY_NOTICE,
        "notice-from-completion",
        Bilingual(
            es=(
                f"La cancelación de su licencia tiene efecto el {fecha(effective_on)}: su "
                f"solicitud quedó completa el {fecha(complete_on)} y el preaviso es de "
                f"{dias(notice)}. El último día que se factura es el "
                f"{fecha(day_before(effective_on))}."
            ),
            en=(
                f"The cancellation of your licence takes effect on {written(effective_on)}: your "
                f"request was complete on {written(complete_on)} and the notice is "
                f"{days(notice)}. The last day charged is {written(day_before(effective_on))}."
            ),
        ),
    )


def _ends_as_requested(effective_on: date, notice_ends_on: date, notice: int) -> Because:
    return Because(
        PolicyName.MONTHLY_NOTICE,
        "requested-end-date",
        Bilingual(
            es=(
                f"La cancelación de su licencia tiene efecto el {fecha(effective_on)}, la fecha "
                f"que nos pidió; el preaviso de {dias(notice)} termina antes, el "
                f"{fecha(notice_ends_on)}. El último día que se factura es el "
                f"{fecha(day_before(effective_on))}."
            ),
            en=(
                f"The cancellation of your licence takes effect on {written(effective_on)}, the "
                f"date that you asked for; the notice of {days(notice)} ends before, on "
                f"{written(notice_ends_on)}. The last day charged is "
                f"{written(day_before(effective_on))}."
            ),
        ),
    )
