"""`written-notice`: hardware and software maintenance contracts (F12).

The request needs the contract number, a contact name, one means of contact, and a signature. Post,
fax and online requests carry a signed document or an electronic signature; a phone request carries
the agent's id as witness (the terms say which kinds count through which channel). Missing
evidence is awaited. Once it is complete, the contract ends after the notice (0 days unless the
terms say otherwise) or on the requested end date, whichever is later.
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
    """Evidence awaited without signature or contact; scheduled with both."""
    request, terms = case.request, case.terms
    signed_on = _signed_on(case)
    contact_on = request.counted.contact_complete_on

    if signed_on is None and contact_on is None:
        why = _send("signature-and-contact-missing", SIGNATURE_AND_CONTACT, request.due_on)
        return AwaitEvidence(why, missing=(Evidence.SIGNATURE, Evidence.CONTACT))
    if signed_on is None:
        why = _send("signature-missing", SIGNATURE, request.due_on)
        return AwaitEvidence(why, missing=(Evidence.SIGNATURE,))
    if contact_on is None:
        why = _send("contact-missing", CONTACT, request.due_on)
        return AwaitEvidence(why, missing=(Evidence.CONTACT,))

    complete_on = max(request.received_on, signed_on, contact_on)
    notice_ends_on = days_after(complete_on, terms.written_notice_days)
    wanted_on = request.requested_end_on
    if wanted_on is not None and wanted_on > notice_ends_on:
        why = _ends_as_requested(wanted_on)
        return Schedule(why, complete_on, notice_ends_on, effective_on=wanted_on)

    why = _ends_after_notice(notice_ends_on, complete_on, terms.written_notice_days)
    return Schedule(why, complete_on, notice_ends_on, effective_on=notice_ends_on)


def _signed_on(case: PolicyCase) -> date | None:
    """The day on which the first signature that counts was received."""
    accepts = case.terms.accepts
    signatures = case.request.counted.signatures
    return min((s.given_on for s in signatures if accepts(s.kind, s.channel)), default=None)


SIGNATURE = Bilingual(
    es="su firma, en un documento firmado o electrónica",
    en="your signature, on a signed document or electronic",
)
CONTACT = Bilingual(
    es=(
        "el nombre de una persona de contacto y un medio para localizarla (correo electrónico, "
        "teléfono o dirección postal)"
    ),
    en="a contact name and one means of contact (e-mail, phone or postal address)",
)
SIGNATURE_AND_CONTACT = Bilingual(
    es=f"{SIGNATURE.es}, y {CONTACT.es}", en=f"{SIGNATURE.en}, and {CONTACT.en}"
)


def _send(rule: str, missing: Bilingual, due_on: date) -> Because:
    return Because(
        PolicyName.WRITTEN_NOTICE,
        rule,
        Bilingual(
            es=(
                f"Para cancelar este contrato de mantenimiento todavía necesitamos {missing.es}. "
                f"Puede enviarlo hasta el {fecha(due_on)} inclusive."
            ),
            en=(
                f"To cancel this maintenance contract we still need {missing.en}. You can send it "
                f"until {written(due_on)} inclusive."
            ),
        ),
    )


@lru_cache(maxsize=256)  # most of a day's requests get the same sentence
def _ends_after_notice(effective_on: date, complete_on: date, notice: int) -> Because:
    notice_es = f"y el preaviso es de {dias(notice)}" if notice else "y no se exige preaviso"
    notice_en = f"and the notice is {days(notice)}" if notice else "and no notice is required"
    return Because(
        PolicyName.WRITTEN_NOTICE,
        "notice-from-completion",
        Bilingual(
            es=(
                "La cancelación de su contrato de mantenimiento tiene efecto el "
                f"{fecha(effective_on)}: su solicitud quedó completa el {fecha(complete_on)} "
                f"{notice_es}. El último día que se factura es el "
                f"{fecha(day_before(effective_on))}."
            ),
            en=(
                "The cancellation of your maintenance contract takes effect on "
                f"{written(effective_on)}: your request was complete on {written(complete_on)} "
                f"{notice_en}. The last day charged is {written(day_before(effective_on))}."
            ),
        ),
    )


def _ends_as_requested(effective_on: date) -> Because:
    return Because(
        PolicyName.WRITTEN_NOTICE,
        "requested-end-date",
        Bilingual(
            es=(
                "La cancelación de su contrato de mantenimiento tiene efecto el "
                f"{fecha(effective_on)}, la fecha que nos pidió. El último día que se factura es "
                f"el {fecha(day_before(effective_on))}."
            ),
            en=(
                "The cancellation of your maintenance contract takes effect on "
                f"{written(effective_on)}, the date that you asked for. The last day charged is "
                f"{written(day_before(effective_on))}."
            ),
        ),
    )
