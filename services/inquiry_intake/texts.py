"""The sentences that intake writes itself. A decision's own explanation comes with its event."""

from __future__ import annotations

from datetime import datetime

from shared.events.contracts import DenialCause
from shared.events.inquiries import InquiryKind
from shared.events.values import Bilingual, Language, madrid_date
from shared.formats import written_day

SUBJECTS: dict[InquiryKind, Bilingual] = {
    InquiryKind.REGISTRATION: Bilingual(es="Registro de usuario", en="User registration"),
    InquiryKind.CONTRACT_COPY: Bilingual(es="Copia de contrato", en="Copy of a contract"),
    InquiryKind.CONTRACT_ACCEPTANCE: Bilingual(
        es="Aceptación de contrato", en="Acceptance of a contract"
    ),
    InquiryKind.SERVICEPAC_ACTIVATION: Bilingual(
        es="Activación de ServicePac", en="ServicePac activation"
    ),
    InquiryKind.CANCELLATION: Bilingual(es="Solicitud de cancelación", en="Cancellation request"),
    InquiryKind.CANCELLATION_EVIDENCE: Bilingual(
        es="Documentación para una cancelación", en="Evidence for a cancellation"
    ),
    InquiryKind.CANCELLATION_WITHDRAWAL: Bilingual(
        es="Retirada de una cancelación", en="Withdrawal of a cancellation"
    ),
    InquiryKind.PROFILE_UPDATE: Bilingual(
        es="Cambio de datos de registro", en="Change of registration data"
    ),
    InquiryKind.CONSENT_WITHDRAWAL: Bilingual(
        es="Retirada de un consentimiento", en="Withdrawal of a consent"
    ),
    InquiryKind.INVENTORY_UPDATE: Bilingual(
        es="Corrección del inventario", en="Correction of the inventory"
    ),
}

COPY_DENIED = Bilingual(
    es="No podemos entregarle una copia de este contrato: no consta a su nombre con acceso a los"
    " contratos en línea.",
    en="We cannot give you a copy of this contract: we have no record of it in your name with"
    " access to contracts online.",
)
ACCEPTED = Bilingual(
    es="Su aceptación del contrato ha quedado registrada y guardada.",
    en="Your acceptance of the contract has been recorded and kept.",
)
ACCEPTANCE_DENIED = Bilingual(
    es="No podemos registrar su aceptación de este contrato: no consta a su nombre con acceso a"
    " los contratos en línea.",
    en="We cannot record your acceptance of this contract: we have no record of it in your name"
    " with access to contracts online.",
)
NOT_PRINTABLE = Bilingual(
    es="No podemos preparar el documento: contiene un nombre o un título en una escritura que"
    " nuestros documentos no pueden mostrar. Por favor, llámenos.",
    en="We cannot prepare the document: it contains a name or a title in a script that our"
    " documents cannot show. Please call us.",
)
TEXT_CHANGED = Bilingual(
    es="El texto que aceptó no es el texto vigente y aprobado del contrato, así que no hemos"
    " registrado la aceptación. Consulte el texto actual y acéptelo de nuevo.",
    en="The text that you accepted is not the contract's current, approved text, so we have not"
    " recorded the acceptance. Please look at the current text and accept it again.",
)
TEXT_NOT_APPROVED = Bilingual(
    es="El texto actual del contrato aún no está aprobado, así que no hemos registrado la"
    " aceptación. Vuelva a aceptarlo cuando lo esté.",
    en="The contract's current text is not approved yet, so we have not recorded the acceptance."
    " Please accept it again once it is.",
)
NOT_ACCEPTABLE = Bilingual(
    es="Este contrato ya no está en vigor, así que no puede aceptarse.",
    en="This contract is no longer in force, so it cannot be accepted.",
)
ACTIVATED = Bilingual(
    es="Su contrato ServicePac está activado.", en="Your ServicePac contract is active."
)
ACTIVATION_LOCKED = Bilingual(
    es="El número de contrato y el código no coinciden. La activación está bloqueada: un"
    " profesional tiene que desbloquearla.",
    en="The contract number and the code do not match. The activation is locked: a professional"
    " has to unlock it.",
)
REGISTERED = Bilingual(
    es="Su registro está completo. Para usar los contratos en línea falta la autorización de su"
    " representante o de nuestro equipo de soporte.",
    en="Your registration is complete. To use contracts online you still need the authorisation"
    " of your representative or of our support desk.",
)
INVENTORY_UPDATED = Bilingual(
    es="El inventario recoge ya su corrección.",
    en="The inventory now has your correction.",
)
INVENTORY_UPDATE_REFUSED = Bilingual(
    es="No hemos podido aplicar su corrección: el inventario sigue como estaba.",
    en="We could not make your correction: the inventory stays as it was.",
)
PROFILE_UPDATED = Bilingual(
    es="Hemos actualizado sus datos de registro.", en="We have updated your registration data."
)
CONSENT_WITHDRAWN = Bilingual(
    es="Hemos registrado la retirada de su consentimiento. Con él termina su acceso a los"
    " contratos en línea; las cancelaciones en curso siguen su trámite.",
    en="We have recorded the withdrawal of your consent. Your access to contracts online ends with"
    " it; cancellations in progress continue.",
)
NOT_REGISTERED = Bilingual(
    es="No hemos podido atender esta solicitud: no hay ningún registro con este número de cliente.",
    en="We could not do what you asked: there is no registration under this customer number.",
)
UNREACHABLE = Bilingual(
    es="No hemos podido entregarle un correo electrónico sobre esta consulta. Por favor, llámenos"
    " e indique su referencia.",
    en="We could not deliver an e-mail to you about this inquiry. Please call us and give your"
    " reference.",
)


def copy_ready(available_until: datetime) -> Bilingual:
    """Names the day, in Europe/Madrid, until which the copy can be fetched."""
    day = madrid_date(available_until)
    es, en = written_day(day, Language.ES), written_day(day, Language.EN)
    return Bilingual(
        es=f"La copia de su contrato está lista; estará disponible hasta el {es}.",
        en=f"The copy of your contract is ready; it will be available until {en}.",
    )


def copy_denied(cause: str) -> Bilingual:
    """Returns why there is no copy; everyone but the holder with access reads the same (F8)."""
    return NOT_PRINTABLE if cause == DenialCause.NOT_PRINTABLE else COPY_DENIED


def acceptance_denied(cause: str) -> Bilingual:
    """Returns why an acceptance was not recorded (F1)."""
    return _ACCEPTANCE_DENIED.get(cause, ACCEPTANCE_DENIED)


_ACCEPTANCE_DENIED: dict[str, Bilingual] = {
    DenialCause.NOT_PRINTABLE: NOT_PRINTABLE,
    DenialCause.TEXT_CHANGED: TEXT_CHANGED,
    DenialCause.TEXT_NOT_APPROVED: TEXT_NOT_APPROVED,
    DenialCause.NOT_ACCEPTABLE: NOT_ACCEPTABLE,
}


def activation_failed(attempts_left: int) -> Bilingual:
    """The answer to a wrong code (F9)."""
    if attempts_left <= 0:
        return ACTIVATION_LOCKED
    return Bilingual(
        es=f"El número de contrato y el código no coinciden. Intentos restantes: {attempts_left}.",
        en=f"The contract number and the code do not match. Attempts left: {attempts_left}.",
    )


def inventory_update_refused(reason: str | None) -> Bilingual:
    """Returns why an item stays as it is (F16), in the inventory system's own words."""
    plain = INVENTORY_UPDATE_REFUSED
    if reason is None:
        return plain
    return Bilingual(es=f"{plain.es} Motivo: «{reason}»", en=f"{plain.en} Reason: “{reason}”")


def follow_up_received(text: str) -> Bilingual:
    """The receipt of a customer's further words, quoting them (F4)."""
    return Bilingual(
        es=f"Hemos recibido su mensaje: «{text}»", en=f"We have received your message: “{text}”"
    )


def documents_received(count: int) -> Bilingual:
    """The receipt of attachments that came without words (F4)."""
    if count == 1:
        return Bilingual(es="Hemos recibido su documento.", en="We have received your document.")
    return Bilingual(
        es=f"Hemos recibido sus {count} documentos.", en=f"We have received your {count} documents."
    )


def routed(queue: Bilingual) -> Bilingual:
    """Where the inquiry has been redirected (F6)."""
    return Bilingual(
        es=f"Hemos dirigido su consulta a donde corresponde: {queue.es}.",
        en=f"We have directed your inquiry to where it belongs: {queue.en}.",
    )
