"""Set phrases of the mails, and what may stand in a field, Spanish and English side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from shared.events.values import days_after
from shared.field_wording import INDEX, TERMS, FieldWording

_ADDRESS = ("Por ejemplo: nombre@empresa.es.", "For example: name@company.com.")
_YES_OR_NO = ("Puede responder sí o no.", "You can answer yes or no.")
_LONG = ("Como máximo, 10.000 caracteres.", "10,000 characters at most.")
_SHORT = ("Como máximo, 200 caracteres en una sola línea.", "200 characters at most, in one line.")
_BOTH_CONSENTS = (
    "Hacen falta los dos consentimientos: archivar y usar sus datos, y transferirlos al"
    " extranjero.",
    "Both consents are needed: to store and use your data, and to transfer them abroad.",
)
_CONTACT = (
    "Un nombre y un teléfono, un correo electrónico o una dirección postal.",
    "A name and a phone number, an e-mail address or a postal address.",
)
_SIGNATURE = (
    "Un documento firmado, una firma electrónica o la firma ante un agente, por teléfono.",
    "A signed document, an electronic signature, or one witnessed by an agent, by phone.",
)
_NUMBER = (
    "Cópielo tal como figura en su contrato, con sus mayúsculas y minúsculas.",
    "Copy it as it stands in your contract, capitals included.",
)
_SIGNED = (
    "No puede ser posterior a su solicitud, ni anterior a ella en más de 366 días.",
    "It cannot be later than your request, nor more than 366 days before it.",
)
_ALLOWED = {
    "accepted": (
        "Hace falta que acepte el contrato expresamente.",
        "You need to accept the contract expressly.",
    ),
    "activation_code": (
        "Cópielo del correo electrónico de confirmación.",
        "Copy it from the confirmation e-mail.",
    ),
    "changes": (
        "Indique al menos un cambio: el número de serie, la ubicación o el estado.",
        "Give at least one change: the serial number, the site or the status.",
    ),
    "close": _YES_OR_NO,
    "comment": _LONG,
    "company": _SHORT,
    "consents": _BOTH_CONSENTS,
    "contact": _CONTACT,
    "contract_number": _NUMBER,
    "contract_numbers": (
        "De 1 a 50 contratos. Copie cada número tal como figura en el contrato.",
        "1 to 50 contracts. Copy each number as it stands in the contract.",
    ),
    "country": ("Por ejemplo: España (ES).", "For example: Spain (ES)."),
    "destruction_confirmed": _YES_OR_NO,
    "email": _ADDRESS,
    "evidence": (
        "Puede enviarla junta o por partes, con el número de contrato.",
        "You can send it together or in parts, with the contract number.",
    ),
    "inquiry_id": (
        "Indique la referencia de su consulta, que empieza por INQ-.",
        "Give your inquiry's reference, which begins with INQ-.",
    ),
    "item_id": (
        "Cópielo tal como figura en su inventario.",
        "Copy it as it stands in your inventory.",
    ),
    "name": _SHORT,
    "phone": ("Por ejemplo: +34 912 345 678.", "For example: +34 912 345 678."),
    "postal_address": ("Como máximo, 500 caracteres.", "500 characters at most."),
    "reference": _SHORT,
    "requested_end_on": (
        "Una fecha dentro de los 366 días siguientes a su solicitud.",
        "A date within 366 days after your request.",
    ),
    "serial_number": _SHORT,
    "signature": _SIGNATURE,
    "signed_by": _SHORT,
    "signed_on": _SIGNED,
    "site": _SHORT,
    "store_and_contact": _BOTH_CONSENTS,
    "subject": _LONG,
    "text": _LONG,
    "transfer_abroad": _BOTH_CONSENTS,
}
"""The values that a field may have, by its name."""


@dataclass(frozen=True, slots=True)
class Wording(FieldWording):
    """How one language writes what a mail says."""

    def last_day_to_withdraw(self, effective_on: str, today: date) -> str | None:
        """The day before the effective one, if a cancellation can still be withdrawn."""
        last = days_after(date.fromisoformat(effective_on), -1)
        return self.day(last) if last >= today else None

    def notice_ends(self, decided: Mapping[str, str]) -> str | None:
        """The end of a notice that had to be kept and ended before the cancellation's day.

        None for mails that an earlier release made due: they do not say when notice began.
        """
        ends_on = decided["notice_ends_on"]
        kept = decided.get("complete_on", ends_on) < ends_on < decided["effective_on"]
        return self.day(ends_on) if kept else None

    def passed(self, day: str, today: date) -> bool:
        """Whether the last day of a deadline lies before `today`."""
        return date.fromisoformat(day) < today

    def allowed(self, field: str) -> str | None:
        """The values that a submission's field may have, in a sentence; None where none helps."""
        path = INDEX.sub("", field)
        name = path.rpartition(".")[2]
        vocabulary = TERMS.get(path) or TERMS.get(name)
        if vocabulary:
            choices = "; ".join(self.of(pair) for pair in vocabulary.values())
            return self.of(("Puede elegir: {}.", "You can choose: {}.")).format(choices)
        pair = _ALLOWED.get(path) or _ALLOWED.get(name)
        return self.of(pair) if pair else None
