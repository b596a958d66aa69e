"""Texts of the archive's documents, in Spanish and in English."""

from dataclasses import dataclass, field
from datetime import date, datetime

from shared.events.values import Language, in_madrid
from shared.formats import written_amount, written_day


@dataclass(frozen=True, kw_only=True)
class DocumentWording:
    """The labels of one language, and how it writes dates, instants and money."""

    language: Language
    copy_title: str
    certificate_title: str
    certifies_copy: str
    """With `{contract_number}`, `{issued_on}`, `{reference}` and `{sha256}`."""
    certifies_acceptance: str
    """As `certifies_copy`."""
    page_of: str
    """With `{page}` and `{pages}`."""
    phone: str

    contract: str
    contract_number: str
    title: str
    type: str
    holder: str
    customer_id: str
    starts_on: str
    ends_on: str
    auto_renewal: str
    price: str
    period: str
    status: str

    acceptance: str
    signed_by: str
    signed_at: str
    accepted_contract: str
    signer: str
    signer_is_holder: str
    signer_is_other: str
    accepted_text: str
    text_not_bound: str
    text_number: str
    """With `{version}`."""
    text_document: str
    text_sha256: str
    authenticated_by: str
    authenticated_at: str
    authentication_reference: str

    yes: str
    no: str
    no_end: str
    not_recorded: str
    terms: dict[str, str] = field(hash=False)
    """Words for the wire's values of type, period and status."""

    def term(self, value: str) -> str:
        """The word for a wire value; a value without one is shown as it is."""
        return self.terms.get(value, value)

    def day(self, day: date) -> str:
        return written_day(day, self.language)

    def instant(self, instant: datetime) -> str:
        """To the second, in Europe/Madrid, with the offset that tells the repeated hour apart."""
        local = in_madrid(instant)
        offset = f"{local:%z}"
        return f"{self.day(local.date())}, {local:%H:%M:%S} (Madrid, UTC{offset[:3]}:{offset[3:5]})"

    def money(self, amount: str, currency: str) -> str:
        """Every digit of the amount, at least two decimals; what is no number is shown as it is."""
        return written_amount(amount, currency, self.language)


def wording_in(language: str) -> DocumentWording:
    """English for `en`, Spanish for everything else: it is the desk's default language."""
    return ENGLISH if language == "en" else SPANISH


SPANISH = DocumentWording(
    language=Language.ES,
    copy_title="Copia certificada de contrato",
    certificate_title="Certificado de aceptación de contrato",
    certifies_copy=(
        "Certificamos que esta copia reproduce los datos registrados del contrato"
        " {contract_number} a fecha {issued_on}; referencia {reference};"
        " SHA-256 de los datos: {sha256}"
    ),
    certifies_acceptance=(
        "Certificamos que la aceptación indicada consta en nuestros registros y que este"
        " certificado reproduce los datos registrados del contrato {contract_number} a fecha"
        " {issued_on}; referencia {reference}; SHA-256 de los datos: {sha256}"
    ),
    page_of="Página {page}/{pages}",
    phone="Tel.",
    contract="Datos del contrato",
    contract_number="Número de contrato",
    title="Descripción",
    type="Tipo",
    holder="Titular",
    customer_id="Número de cliente",
    starts_on="Fecha de inicio",
    ends_on="Fecha de fin",
    auto_renewal="Renovación automática",
    price="Precio",
    period="Periodicidad",
    status="Estado",
    acceptance="Aceptación",
    signed_by="Aceptado por",
    signed_at="Fecha y hora",
    accepted_contract="Contrato aceptado",
    signer="Firmante",
    signer_is_holder="Su nombre es el del titular registrado",
    signer_is_other="Su nombre no es el del titular registrado",
    accepted_text="Texto aceptado",
    text_not_bound="La aceptación no está vinculada a un texto concreto del contrato",
    text_number="Texto n.º {version} del contrato",
    text_document="Documento del texto",
    text_sha256="SHA-256 del texto",
    authenticated_by="Identidad comprobada por",
    authenticated_at="Comprobada el",
    authentication_reference="Referencia de la comprobación",
    yes="Sí",
    no="No",
    no_end="Sin fecha de fin",
    not_recorded="No consta",
    terms={
        "passport_advantage": "Passport Advantage",
        "monthly_licence": "Licencia de cuota mensual",
        "hardware_maintenance": "Mantenimiento de hardware",
        "software_maintenance": "Mantenimiento de software",
        "servicepac": "ServicePac",
        "once": "Pago único",
        "month": "Mensual",
        "year": "Anual",
        "draft": "Borrador",
        "active": "Activo",
        "cancellation_scheduled": "Cancelación programada",
        "cancelled": "Cancelado",
        "lapsed": "Renovación no efectuada",
        "ended": "Finalizado",
    },
)

ENGLISH = DocumentWording(
    language=Language.EN,
    copy_title="Certified copy of contract",
    certificate_title="Certificate of contract acceptance",
    certifies_copy=(
        "We certify that this copy reproduces the recorded data of contract {contract_number}"
        " as of {issued_on}; reference {reference}; SHA-256 of the data: {sha256}"
    ),
    certifies_acceptance=(
        "We certify that the acceptance stated here is in our records and that this certificate"
        " reproduces the recorded data of contract {contract_number} as of {issued_on};"
        " reference {reference}; SHA-256 of the data: {sha256}"
    ),
    page_of="Page {page}/{pages}",
    phone="Tel.",
    contract="Contract data",
    contract_number="Contract number",
    title="Description",
    type="Type",
    holder="Holder",
    customer_id="Customer number",
    starts_on="Start date",
    ends_on="End date",
    auto_renewal="Automatic renewal",
    price="Price",
    period="Billing period",
    status="Status",
    acceptance="Acceptance",
    signed_by="Accepted by",
    signed_at="Date and time",
    accepted_contract="Accepted contract",
    signer="Signer",
    signer_is_holder="The name is that of the registered holder",
    signer_is_other="The name is not that of the registered holder",
    accepted_text="Accepted text",
    text_not_bound="The acceptance is not bound to a particular text of the contract",
    text_number="Text no. {version} of the contract",
    text_document="Document of the text",
    text_sha256="SHA-256 of the text",
    authenticated_by="Identity verified by",
    authenticated_at="Verified on",
    authentication_reference="Reference of the verification",
    yes="Yes",
    no="No",
    no_end="No end date",
    not_recorded="Not recorded",
    terms={
        "passport_advantage": "Passport Advantage",
        "monthly_licence": "Monthly-charge licence",
        "hardware_maintenance": "Hardware maintenance",
        "software_maintenance": "Software maintenance",
        "servicepac": "ServicePac",
        "once": "One-off",
        "month": "Monthly",
        "year": "Yearly",
        "draft": "Draft",
        "active": "Active",
        "cancellation_scheduled": "Cancellation scheduled",
        "cancelled": "Cancelled",
        "lapsed": "Renewal lapsed",
        "ended": "Ended",
    },
)
