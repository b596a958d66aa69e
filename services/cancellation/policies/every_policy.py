"""The rules that hold for every policy: why, in words that a customer understands.

Each names the policy that the decision it belongs to was made under.
"""

from __future__ import annotations

from datetime import date

from services.cancellation.file.state import Cancellation
from services.cancellation.policies.outcome import Because, PolicyName
from services.cancellation.policies.wording import day_before, fecha, written
from shared.events.values import Bilingual


def already_cancelled(first: Cancellation) -> Because:
    """A second request is answered with the first one's dates."""
    es, en = fecha(first.effective_on), written(first.effective_on)
    if first.took_effect:
        return Because(
            first.policy,
            "already-effective",
            Bilingual(
                es=f"Este contrato ya está cancelado desde el {es}; no hace falta nada más.",
                en=f"This contract has been cancelled since {en}; nothing else is needed.",
            ),
        )
    return Because(
        first.policy,
        "already-scheduled",
        Bilingual(
            es=(
                "La cancelación de este contrato ya está programada y tiene efecto el "
                f"{es}; no hace falta nada más."
            ),
            en=(
                "The cancellation of this contract is already scheduled and takes effect on "
                f"{en}; nothing else is needed."
            ),
        ),
    )


def reminder(policy: str, due_on: date) -> Because:
    """One reminder before the evidence is due."""
    return Because(
        policy,
        "evidence-reminder",
        Bilingual(
            es=(
                "Le recordamos que su solicitud de cancelación sigue incompleta. Puede enviarnos "
                f"lo que falta hasta el {fecha(due_on)} inclusive."
            ),
            en=(
                "This is a reminder that your cancellation request is still incomplete. You can "
                f"send us what is missing until {written(due_on)} inclusive."
            ),
        ),
    )


def expired(policy: str, due_on: date) -> Because:
    """The evidence did not come in time."""
    return Because(
        policy,
        "evidence-not-received",
        Bilingual(
            es=(
                f"Lo que faltaba en su solicitud no llegó hasta el {fecha(due_on)}, así que la "
                "solicitud ha caducado y el contrato sigue en vigor. Puede enviar una solicitud "
                "nueva cuando quiera."
            ),
            en=(
                f"What was missing from your request did not arrive by {written(due_on)}, so the "
                "request has expired and the contract continues. You can send a new request at "
                "any time."
            ),
        ),
    )


def took_effect(cancellation: Cancellation) -> Because:
    """The effective day has begun."""
    effective_on = cancellation.effective_on
    return Because(
        cancellation.policy,
        "effective-day-reached",
        Bilingual(
            es=(
                f"El contrato está cancelado desde el {fecha(effective_on)}. El último día que se "
                f"factura es el {fecha(day_before(effective_on))}."
            ),
            en=(
                f"The contract is cancelled from {written(effective_on)}. The last day charged is "
                f"{written(day_before(effective_on))}."
            ),
        ),
    )


def withdrawn(cancellation: Cancellation, withdrawn_on: date) -> Because:
    """The customer took the scheduled cancellation back in time."""
    return Because(
        cancellation.policy,
        "withdrawn-in-time",
        Bilingual(
            es=(
                "Hemos anulado la cancelación programada, como nos pidió el "
                f"{fecha(withdrawn_on)}. El contrato sigue en vigor."
            ),
            en=(
                "We have withdrawn the scheduled cancellation, as you asked on "
                f"{written(withdrawn_on)}. The contract continues."
            ),
        ),
    )


def withdrawn_undecided(policy: str | None, withdrawn_on: date) -> Because:
    """The customer took the request back before anything was scheduled."""
    return Because(
        policy or PolicyName.REFER,
        "withdrawn-before-decision",
        Bilingual(
            es=(
                "Hemos retirado su solicitud de cancelación, como nos pidió el "
                f"{fecha(withdrawn_on)}."
            ),
            en=(
                "We have withdrawn your cancellation request, as you asked on "
                f"{written(withdrawn_on)}."
            ),
        ),
    )


def nothing_to_withdraw() -> Because:
    """The same answer whether or not the contract exists, and whosever it is."""
    return Because(
        PolicyName.REFER,
        "nothing-to-withdraw",
        Bilingual(
            es="No hay ninguna solicitud de cancelación suya que se pueda retirar.",
            en="There is no cancellation request of yours that could be withdrawn.",
        ),
    )


def too_late_to_withdraw(cancellation: Cancellation) -> Because:
    """A cancellation can be withdrawn until the day before it takes effect."""
    effective_on = cancellation.effective_on
    return Because(
        cancellation.policy,
        "too-late-to-withdraw",
        Bilingual(
            es=(
                f"La cancelación tiene efecto desde el {fecha(effective_on)}; podía retirarse "
                f"hasta el {fecha(day_before(effective_on))}."
            ),
            en=(
                f"The cancellation is effective from {written(effective_on)}; it could be "
                f"withdrawn until {written(day_before(effective_on))}."
            ),
        ),
    )


def already_withdrawn(withdrawn_on: date) -> Because:
    """A second withdrawal is answered with the first one's date."""
    return Because(
        PolicyName.REFER,
        "already-withdrawn",
        Bilingual(
            es=(
                f"Su solicitud de cancelación ya se retiró, como nos pidió el "
                f"{fecha(withdrawn_on)}; no hace falta nada más."
            ),
            en=(
                "Your cancellation request has already been withdrawn, as you asked on "
                f"{written(withdrawn_on)}; nothing else is needed."
            ),
        ),
    )


def withdrawal_before_request(withdrawn_on: date, received_on: date) -> Because:
    """A withdrawal never undoes a request received after it."""
    return Because(
        PolicyName.REFER,
        "withdrawal-before-request",
        Bilingual(
            es=(
                f"Su petición de retirada, del {fecha(withdrawn_on)}, es anterior a su última "
                f"solicitud de cancelación, del {fecha(received_on)}, que sigue adelante."
            ),
            en=(
                f"Your withdrawal of {written(withdrawn_on)} was made before your last "
                f"cancellation request, of {written(received_on)}, which stands."
            ),
        ),
    )


def holder_changed(cancellation: Cancellation) -> Because:
    """The registry names another holder while the cancellation is scheduled."""
    effective_on = cancellation.effective_on
    return Because(
        cancellation.policy,
        "holder-changed",
        Bilingual(
            es=(
                "El titular del contrato ha cambiado, así que la cancelación prevista para el "
                f"{fecha(effective_on)} queda en suspenso hasta que un profesional la revise."
            ),
            en=(
                "The contract has another holder now, so the cancellation scheduled for "
                f"{written(effective_on)} is on hold until a professional has reviewed it."
            ),
        ),
    )


def holder_restored(cancellation: Cancellation) -> Because:
    """The first holder is named again: the cancellation is scheduled as it was."""
    effective_on = cancellation.effective_on
    return Because(
        cancellation.policy,
        "holder-restored",
        Bilingual(
            es=(
                "El contrato vuelve a estar a su nombre, así que la cancelación sigue programada "
                f"para el {fecha(effective_on)}. El último día que se factura es el "
                f"{fecha(day_before(effective_on))}."
            ),
            en=(
                "The contract is in your name again, so the cancellation is scheduled for "
                f"{written(effective_on)} as before. The last day charged is "
                f"{written(day_before(effective_on))}."
            ),
        ),
    )
