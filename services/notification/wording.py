"""Dates, labels and set phrases of the mails, Spanish and English side by side."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from shared.events.values import Language, in_madrid

_WEEKDAYS = (
    ("lunes", "Monday"),
    ("martes", "Tuesday"),
    ("miércoles", "Wednesday"),
    ("jueves", "Thursday"),
    ("viernes", "Friday"),
    ("sábado", "Saturday"),
    ("domingo", "Sunday"),
)
_MONTHS = (
    ("enero", "January"),
    ("febrero", "February"),
    ("marzo", "March"),
    ("abril", "April"),
    ("mayo", "May"),
    ("junio", "June"),
    ("julio", "July"),
    ("agosto", "August"),
    ("septiembre", "September"),
    ("octubre", "October"),
    ("noviembre", "November"),
    ("diciembre", "December"),
)

_LABELS = {
    "accepted": ("Contrato aceptado", "Contract accepted"),
    "activation_code": ("Código de activación", "Activation code"),
    "channel": ("Canal", "Channel"),
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
    "given_at": ("Fecha del consentimiento", "Consent given at"),
    "id": ("Identificador del envío", "Submission id"),
    "inquiry_id": ("Consulta", "Inquiry"),
    "language": ("Idioma", "Language"),
    "name": ("Nombre", "Name"),
    "phone": ("Teléfono", "Phone"),
    "postal_address": ("Dirección postal", "Postal address"),
    "purpose": ("Finalidad", "Purpose"),
    "received_at": ("Fecha de recepción", "Received at"),
    "reference": ("Referencia", "Reference"),
    "request_type": ("Tipo de solicitud", "Request type"),
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
    "transfer_abroad": (
        "Consentimiento para transferir sus datos al extranjero",
        "Consent to transfer your data abroad",
    ),
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
    },
}
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
        weekday, month = self.of(_WEEKDAYS[day.weekday()]), self.of(_MONTHS[day.month - 1])
        if self.language is Language.EN:
            return f"{weekday}, {day.day} {month} {day.year}"
        return f"{weekday}, {day.day} de {month} de {day.year}"

    def instant(self, instant: datetime | str) -> str:
        """`lunes, 5 de abril de 2027, 10:30`; takes the wire's form too."""
        if isinstance(instant, str):
            instant = datetime.fromisoformat(instant)
        local = in_madrid(instant)
        return f"{self.day(local.date())}, {local:%H:%M}"

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
            if name.endswith("_at"):
                return self.instant(value)
        except ValueError:
            return value
        if name in _YES_NO_FIELDS and value.lower() in _YES_NO:
            return self.of(_YES_NO[value.lower()])
        return self.term(path if path in _TERMS else name, value)
