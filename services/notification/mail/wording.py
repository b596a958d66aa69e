"""Dates, labels and set phrases of the mails, Spanish and English side by side."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from shared.events.values import Language, days_after, in_madrid
from shared.formats import country_name, written_weekday

_LABELS = {
    "accepted": ("Contrato aceptado", "Contract accepted"),
    "activation_code": ("Código de activación", "Activation code"),
    "authentication": ("Comprobación de identidad", "Verification of identity"),
    "authentication.at": ("Identidad comprobada el", "Identity verified on"),
    "authentication.level": ("Nivel de la comprobación", "Level of the verification"),
    "authentication.method": ("Identidad comprobada por", "Identity verified by"),
    "authentication.reference": (
        "Referencia de la comprobación",
        "Reference of the verification",
    ),
    "channel": ("Canal", "Channel"),
    "changes": ("Cambios", "Changes"),
    "changes.serial_number": ("Número de serie", "Serial number"),
    "changes.site": ("Ubicación", "Site"),
    "changes.status": ("Estado", "Status"),
    "close": ("Cerrar la consulta", "Close the inquiry"),
    "comment": ("Comentario", "Comment"),
    "company": ("Empresa", "Company"),
    "consents": ("Consentimientos", "Consents"),
    "contact": ("Contacto", "Contact"),
    "contact.email": ("Correo electrónico de contacto", "Contact e-mail"),
    "contact.name": ("Persona de contacto", "Contact name"),
    "contact.phone": ("Teléfono de contacto", "Contact phone"),
    "contact.postal_address": ("Dirección postal de contacto", "Contact postal address"),
    "contract_number": ("Número de contrato", "Contract number"),
    "contract_numbers": ("Números de contrato", "Contract numbers"),
    "country": ("País", "Country"),
    "customer_id": ("Número de cliente", "Customer number"),
    "destruction_confirmed": (
        "Destrucción de todas las copias confirmada",
        "Destruction of all copies confirmed",
    ),
    "email": ("Correo electrónico", "E-mail"),
    "evidence": ("Documentación", "Evidence"),
    "expected_version": ("Versión que vio", "Version seen"),
    "given_at": ("Fecha del consentimiento", "Consent given at"),
    "id": ("Identificador del envío", "Submission id"),
    "inquiry_id": ("Consulta", "Inquiry"),
    "item_id": ("Artículo", "Item"),
    "language": ("Idioma", "Language"),
    "name": ("Nombre", "Name"),
    "phone": ("Teléfono", "Phone"),
    "postal_address": ("Dirección postal", "Postal address"),
    "profile": ("Datos de registro", "Registration data"),
    "purpose": ("Finalidad", "Purpose"),
    "received_at": ("Fecha de recepción", "Received at"),
    "reference": ("Referencia", "Reference"),
    "request_type": ("Tipo de solicitud", "Request type"),
    "requested_language": (
        "Idioma pedido, que no tenemos: le respondemos en español",
        "Requested language, which we do not have: we answer in Spanish",
    ),
    "requested_end_on": ("Fecha de fin solicitada", "Requested end date"),
    "signature": ("Firma", "Signature"),
    "signature.kind": ("Tipo de firma", "Kind of signature"),
    "signature.reference": ("Referencia de la firma", "Signature reference"),
    "signed_at": ("Fecha de la firma", "Signed at"),
    "signed_by": ("Firmado por", "Signed by"),
    "signed_on": ("Fecha de la firma", "Signed on"),
    "store_and_contact": (
        "Consentimiento para archivar y usar sus datos",
        "Consent to store and use your data",
    ),
    "subject": ("Asunto", "Subject"),
    "text": ("Texto", "Text"),
    "text_sha256": ("Huella SHA-256 del texto aceptado", "SHA-256 of the accepted text"),
    "transfer_abroad": (
        "Consentimiento para transferir sus datos al extranjero",
        "Consent to transfer your data abroad",
    ),
    "withdrawn_at": ("Fecha de la retirada", "Withdrawn at"),
    "wording_version": ("Versión del texto", "Wording version"),
}

_TERMS = {
    "request_type": {
        "contracts": ("Contratos", "Contracts"),
        "orders_and_deliveries": ("Pedidos y entregas", "Orders and deliveries"),
        "inventory_and_maintenance": (
            "Inventario y mantenimiento",
            "Inventory and maintenance",
        ),
        "invoices_and_payments": ("Facturas y pagos", "Invoices and payments"),
    },
    "channel": {
        "web": ("Web", "Web"),
        "call_centre": ("Teléfono", "Phone"),
        "post": ("Correo postal", "Post"),
        "fax": ("Fax", "Fax"),
        "partner": ("Socio comercial", "Partner"),
    },
    "signature.kind": {
        "signed_document": ("Documento firmado", "Signed document"),
        "electronic": ("Firma electrónica", "Electronic signature"),
        "agent_witness": ("Ante un agente, por teléfono", "Witnessed by an agent, by phone"),
    },
    "purpose": {
        "store_and_contact": ("Archivar y usar sus datos", "Store and use your data"),
        "transfer_abroad": ("Transferir sus datos al extranjero", "Transfer your data abroad"),
    },
    "language": {"es": ("Español", "Spanish"), "en": ("Inglés", "English")},
    "missing": {
        "destruction_confirmation": (
            "la confirmación de que se han destruido todas las copias del software",
            "your confirmation that all copies of the software have been destroyed",
        ),
        "signature": (
            "su firma: un documento firmado o una firma electrónica",
            "your signature: a signed document or an electronic signature",
        ),
        "contact": (
            "sus datos de contacto: un nombre y un teléfono, un correo electrónico o una dirección"
            " postal",
            "your contact data: a name and a phone number, an e-mail address or a postal address",
        ),
    },
    "submission": {
        "submission.inquiry.v1": ("su consulta", "your inquiry"),
        "submission.follow_up.v1": ("su mensaje sobre una consulta", "your message on an inquiry"),
        "submission.registration.v1": ("su solicitud de registro", "your registration"),
        "submission.contract_copy.v1": (
            "su solicitud de copia de contrato",
            "your request for a contract copy",
        ),
        "submission.contract_acceptance.v1": (
            "su aceptación de contrato",
            "your contract acceptance",
        ),
        "submission.contract_viewed.v1": (
            "su consulta del texto de un contrato",
            "your view of a contract's text",
        ),
        "submission.servicepac_activation.v1": (
            "su solicitud de activación de ServicePac",
            "your ServicePac activation request",
        ),
        "submission.cancellation.v1": (
            "su solicitud de cancelación",
            "your cancellation request",
        ),
        "submission.cancellation_evidence.v1": (
            "la documentación de su cancelación",
            "the evidence for your cancellation",
        ),
        "submission.cancellation_withdrawal.v1": (
            "su petición de retirar la cancelación",
            "your withdrawal of a cancellation",
        ),
        "submission.profile_update.v1": (
            "su cambio de datos de registro",
            "your change of registration data",
        ),
        "submission.consent_withdrawal.v1": (
            "su retirada de un consentimiento",
            "your withdrawal of a consent",
        ),
        "submission.inventory_update.v1": (
            "su corrección del inventario",
            "your correction of the inventory",
        ),
    },
    "received": {
        "inquiry": ("su consulta", "your inquiry"),
        "registration": ("su solicitud de registro", "your registration"),
        "contract_copy": ("su solicitud de copia de contrato", "your request for a contract copy"),
        "contract_acceptance": ("su aceptación de contrato", "your contract acceptance"),
        "servicepac_activation": (
            "su solicitud de activación de ServicePac",
            "your ServicePac activation request",
        ),
        "cancellation": ("su solicitud de cancelación", "your cancellation request"),
        "cancellation_evidence": (
            "la documentación de su cancelación",
            "the evidence for your cancellation",
        ),
        "cancellation_withdrawal": (
            "su petición de retirar la cancelación",
            "your withdrawal of a cancellation",
        ),
        "profile_update": ("su cambio de datos de registro", "your change of registration data"),
        "consent_withdrawal": (
            "su retirada de un consentimiento",
            "your withdrawal of a consent",
        ),
        "inventory_update": ("su corrección del inventario", "your correction of the inventory"),
    },
    "changes.status": {
        "in_use": ("En uso", "In use"),
        "stored": ("Almacenado", "Stored"),
        "retired": ("Retirado", "Retired"),
    },
}
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
"""What may stand in a field, by its name."""
_YES_NO_FIELDS = frozenset({"accepted", "close", "destruction_confirmed"})
_YES_NO = {"true": ("Sí", "Yes"), "false": ("No", "No")}
_INDEX = re.compile(r"\[(\d{1,4})\]|\.(\d{1,4})(?=\.|$)")


@dataclass(frozen=True, slots=True)
class Wording:
    """How one language writes what the wire carries. Instants are shown in Europe/Madrid."""

    language: Language

    def of(self, pair: tuple[str, str]) -> str:
        """The half of an (es, en) pair that is in this language."""
        return pair[1] if self.language is Language.EN else pair[0]

    def day(self, day: date | str) -> str:
        """`lunes, 5 de abril de 2027`; takes the wire's form too. Raises ValueError for others."""
        if isinstance(day, str):
            day = date.fromisoformat(day)
        return written_weekday(day, self.language)

    def instant(self, instant: datetime | str) -> str:
        """`lunes, 5 de abril de 2027, 10:30`; takes the wire's form too."""
        if isinstance(instant, str):
            instant = datetime.fromisoformat(instant)
        local = in_madrid(instant)
        return f"{self.day(local.date())}, {local:%H:%M}"

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
        """What may stand in a field of a submission, as a sentence; None where nothing helps."""
        path = _INDEX.sub("", field)
        name = path.rpartition(".")[2]
        vocabulary = _TERMS.get(path) or _TERMS.get(name)
        if vocabulary:
            choices = "; ".join(self.of(pair) for pair in vocabulary.values())
            return self.of(("Puede elegir: {}.", "You can choose: {}.")).format(choices)
        pair = _ALLOWED.get(path) or _ALLOWED.get(name)
        return self.of(pair) if pair else None

    def label(self, field: str) -> str:
        """What people call a field: `consents.1.given_at` is `Fecha del consentimiento (2)`."""
        path = _INDEX.sub("", field)
        pair = _LABELS.get(path) or _LABELS.get(path.rpartition(".")[2])
        label = self.of(pair) if pair else path.replace("_", " ").replace(".", ": ").capitalize()
        position = _INDEX.search(field)
        return f"{label} ({int(position[1] or position[2]) + 1})" if position else label

    def term(self, vocabulary: str, value: str) -> str:
        """The word for a wire value; a value without one is shown as it is."""
        pair = _TERMS.get(vocabulary, {}).get(value)
        return self.of(pair) if pair else value

    def terms(self, vocabulary: str, values: Iterable[str]) -> list[str]:
        return [self.term(vocabulary, value) for value in values]

    def value(self, field: str, value: str) -> str:
        """A submitted value as people write it; what does not read as its kind stays as it is."""
        path = _INDEX.sub("", field)
        name = path.rpartition(".")[2]
        try:
            if name.endswith("_on"):
                return self.day(value)
            if name == "at" or name.endswith("_at"):
                return self.instant(value)
        except ValueError:
            return value
        if name == "country":
            return country_name(value, self.language)
        if name in _YES_NO_FIELDS and value.lower() in _YES_NO:
            return self.of(_YES_NO[value.lower()])
        return self.term(path if path in _TERMS else name, value)
