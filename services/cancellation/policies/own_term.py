"""The contract's own term comes before its type's policy.

The first that applies decides: a contradictory record, a contract that has ended, a renewal that
has lapsed, a contract that ends by itself before the policy could end it.
"""

from __future__ import annotations

from datetime import date

from services.cancellation.policies.outcome import Because, NotRequired, PolicyName, Refer
from services.cancellation.policies.wording import fecha, written
from shared.events.cancellations import ReferralCause
from shared.events.values import Bilingual


def contradictory_record() -> Refer:
    """The registry's record ends before it starts."""
    return Refer(
        Because(PolicyName.REFER, "contradictory-record", CONTRADICTORY_RECORD),
        ReferralCause.CONTRADICTORY_RECORD,
    )


def already_ended(policy: str, ends_on: date) -> NotRequired:
    because = Because(
        policy,
        "contract-already-ended",
        Bilingual(
            es=(
                f"Este contrato terminó el {fecha(ends_on)} y no se renueva, así que no es "
                "necesario cancelarlo."
            ),
            en=(
                f"This contract ended on {written(ends_on)} and does not renew itself, so it needs "
                "no cancellation."
            ),
        ),
    )
    return NotRequired(because, ends_on=ends_on)


def renewal_lapsed(lapsed_on: date) -> NotRequired:
    because = Because(
        PolicyName.SINGLE_CHARGE,
        "renewal-lapsed",
        Bilingual(
            es=(
                "No es necesario cancelar este contrato: su renovación quedó cancelada el "
                f"{fecha(lapsed_on)} porque la factura no se había pagado en plazo."
            ),
            en=(
                "This contract needs no cancellation: its renewal was cancelled on "
                f"{written(lapsed_on)} because the invoice had not been paid in time."
            ),
        ),
    )
    return NotRequired(because, lapsed_on=lapsed_on)


def ends_by_itself(policy: str, ends_on: date) -> NotRequired:
    """The request stands as notice of non-renewal."""
    because = Because(
        policy,
        "ends-by-itself",
        Bilingual(
            es=(
                f"No es necesario cancelar este contrato: termina por sí solo el {fecha(ends_on)}, "
                "antes de que una cancelación pudiera tener efecto, y no se factura ningún día "
                "posterior. Guardamos su solicitud como aviso de que no desea renovarlo."
            ),
            en=(
                "This contract needs no cancellation: it ends by itself on "
                f"{written(ends_on)}, before a cancellation could take effect, and no later day is "
                "charged. We keep your request as notice that you do not want to renew it."
            ),
        ),
    )
    return NotRequired(because, ends_on=ends_on, stands_as_notice=True)


def not_started(starts_on: date, effective_on: date) -> Refer:
    """The policy's day lies before the contract's first one."""
    because = Because(
        PolicyName.REFER,
        "not-started",
        Bilingual(
            es=(
                f"Este contrato no empieza hasta el {fecha(starts_on)}, después del "
                f"{fecha(effective_on)}, el día en que tendría efecto la cancelación. Un "
                "profesional revisará su solicitud y le responderá."
            ),
            en=(
                f"This contract does not start until {written(starts_on)}, after "
                f"{written(effective_on)}, the day on which the cancellation would take effect. A "
                "professional will review your request and answer you."
            ),
        ),
    )
    return Refer(because, ReferralCause.NOT_STARTED)


CONTRADICTORY_RECORD = Bilingual(
    es=(
        "Las fechas de inicio y fin que constan de este contrato se contradicen. Un profesional "
        "revisará su solicitud y le responderá."
    ),
    en=(
        "The start and end dates on record for this contract contradict each other. A "
        "professional will review your request and answer you."
    ),
)
