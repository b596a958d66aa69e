"""Labels and values of submissions' fields as people read them, Spanish and English side by side.

Mails, `desk inquiry` and forms say them in the same words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from shared.events.values import Language, in_madrid
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

TERMS = {
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
_YES_NO_FIELDS = frozenset({"accepted", "close", "destruction_confirmed"})
_YES_NO = {"true": ("Sí", "Yes"), "false": ("No", "No")}
INDEX = re.compile(r"\[(\d{1,4})\]|\.(\d{1,4})(?=\.|$)")
"""The place in a list, within the path of a field."""


@dataclass(frozen=True, slots=True)
class FieldWording:
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

    def label(self, field: str) -> str:
        """A field's name for people: `consents.1.given_at` is `Fecha del consentimiento (2)`."""
        path = INDEX.sub("", field)
        pair = _LABELS.get(path) or _LABELS.get(path.rpartition(".")[2])
        label = self.of(pair) if pair else path.replace("_", " ").replace(".", ": ").capitalize()
        position = INDEX.search(field)
        return f"{label} ({int(position[1] or position[2]) + 1})" if position else label

    def term(self, vocabulary: str, value: str) -> str:
        """The word for a wire value; a value without one is shown as it is."""
        pair = TERMS.get(vocabulary, {}).get(value)
        return self.of(pair) if pair else value

    def terms(self, vocabulary: str, values: Iterable[str]) -> list[str]:
        return [self.term(vocabulary, value) for value in values]

    def value(self, field: str, value: str) -> str:
        """A submitted value as people write it; what does not read as its kind stays as it is."""
        path = INDEX.sub("", field)
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
        return self.term(path if path in TERMS else name, value)
