"""`refer`: what the rules cannot decide goes to a professional (F6).

ServicePac, any type that no policy knows, any contract that the registry has not reported or that
is not this customer's (both get the same answer). The professional approves with a date, or
refuses with a reason.
"""

from __future__ import annotations

from datetime import date

from services.cancellation.policies.outcome import Because, PolicyCase, PolicyName, Refer
from services.cancellation.policies.wording import day_before, fecha, written
from shared.events.cancellations import ReferralCause
from shared.events.values import Bilingual


def decide(_case: PolicyCase) -> Refer:
    """No policy decides this type of contract."""
    return _no_policy("no-policy-for-type", NO_POLICY_FOR_TYPE)


def contract_not_found() -> Refer:
    """The contract is unknown or another customer's; the answer does not say which."""
    because = Because(PolicyName.REFER, "contract-not-found", CONTRACT_NOT_FOUND)
    return Refer(because, ReferralCause.CONTRACT_NOT_FOUND)


def evidence_without_request() -> Refer:
    """Evidence came and no request was waiting for it."""
    return _no_policy("evidence-without-request", EVIDENCE_WITHOUT_REQUEST)


def cancelled_by_another() -> Refer:
    """A former holder's cancellation stands on the contract; its dates are not this customer's."""
    return _no_policy("cancelled-by-another", CANCELLED_BY_ANOTHER)


def too_many_requests() -> Refer:
    """The customer has too many open requests: a professional looks through them."""
    return _no_policy("too-many-requests", TOO_MANY_REQUESTS)


def received_in_time(received_on: date) -> Refer:
    """A withdrawal or evidence was received in time and delivered too late."""
    because = Because(
        PolicyName.REFER,
        "received-in-time",
        Bilingual(
            es=(
                f"Recibimos lo que nos envió el {fecha(received_on)}, dentro de plazo, pero se ha "
                "tramitado después. Un profesional lo revisará y le responderá."
            ),
            en=(
                f"We received what you sent on {written(received_on)}, in time, but it was "
                "processed later. A professional will review it and answer you."
            ),
        ),
    )
    return Refer(because, ReferralCause.RECEIVED_IN_TIME)


def withdrawal_approved(withdrawn_on: date) -> Because:
    """The professional accepted a withdrawal that was received in time."""
    return Because(
        PolicyName.REFER,
        "agent-approved",
        Bilingual(
            es=(
                "Un profesional ha aceptado su petición de retirar la cancelación, que recibimos "
                f"en plazo, el {fecha(withdrawn_on)}. El contrato sigue en vigor."
            ),
            en=(
                "A professional has accepted your withdrawal of the cancellation, which we "
                f"received in time, on {written(withdrawn_on)}. The contract continues."
            ),
        ),
    )


def approved(effective_on: date) -> Because:
    """The professional approved, with a date."""
    last_billable_on = day_before(effective_on)
    return Because(
        PolicyName.REFER,
        "agent-approved",
        Bilingual(
            es=(
                "Un profesional ha revisado su solicitud y ha aprobado la cancelación, que tiene "
                f"efecto el {fecha(effective_on)}. El último día que se factura es el "
                f"{fecha(last_billable_on)}."
            ),
            en=(
                "A professional has reviewed your request and approved the cancellation, which "
                f"takes effect on {written(effective_on)}. The last day charged is "
                f"{written(last_billable_on)}."
            ),
        ),
    )


def refused() -> Because:
    """The professional refused; the reason is a field of the event."""
    return Because(PolicyName.REFER, "agent-refused", AGENT_REFUSED)


def _no_policy(rule: str, explanation: Bilingual) -> Refer:
    return Refer(Because(PolicyName.REFER, rule, explanation), ReferralCause.NO_POLICY)


NO_POLICY_FOR_TYPE = Bilingual(
    es=(
        "La cancelación de este tipo de contrato la decide un profesional, que revisará su "
        "solicitud y le responderá."
    ),
    en=(
        "The cancellation of this type of contract is decided by a professional, who will review "
        "your request and answer you."
    ),
)
CONTRACT_NOT_FOUND = Bilingual(
    es=(
        "No hemos podido asociar su solicitud a un contrato suyo. Compruebe cómo está escrito el "
        "número, también las mayúsculas y minúsculas. Un profesional revisará su solicitud y le "
        "responderá."
    ),
    en=(
        "We could not match your request to a contract of yours. Please check how the number is "
        "spelled, capitals included. A professional will review your request and answer you."
    ),
)
EVIDENCE_WITHOUT_REQUEST = Bilingual(
    es=(
        "Hemos recibido lo que nos ha enviado, pero no hay ninguna solicitud de cancelación que "
        "lo espere. Un profesional lo revisará y le responderá."
    ),
    en=(
        "We have received what you sent, but no cancellation request is waiting for it. A "
        "professional will review it and answer you."
    ),
)
CANCELLED_BY_ANOTHER = Bilingual(
    es=(
        "El estado de este contrato no nos permite decidir su solicitud automáticamente. Un "
        "profesional la revisará y le responderá."
    ),
    en=(
        "The state of this contract does not let us decide your request automatically. A "
        "professional will review it and answer you."
    ),
)
TOO_MANY_REQUESTS = Bilingual(
    es=(
        "Tiene ya muchas solicitudes pendientes sobre este contrato. Un profesional las revisará y "
        "le responderá."
    ),
    en=(
        "You already have many open requests for this contract. A professional will review them "
        "and answer you."
    ),
)
AGENT_REFUSED = Bilingual(
    es="Un profesional ha revisado su solicitud de cancelación y no la ha aceptado.",
    en="A professional has reviewed your cancellation request and has not accepted it.",
)
