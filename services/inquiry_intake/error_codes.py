"""What can be wrong with a field: one code for machines, one sentence for people (F2)."""

from __future__ import annotations

from enum import StrEnum

from shared.events.values import Bilingual, FieldError


class ErrorCode(StrEnum):
    MISSING = "missing"
    WRONG_TYPE = "wrong_type"
    WRONG_FORMAT = "wrong_format"
    TOO_LONG = "too_long"
    TOO_SHORT = "too_short"
    NOT_ALLOWED = "not_allowed"
    DUPLICATE = "duplicate"
    IN_FUTURE = "in_future"
    TOO_OLD = "too_old"
    TOO_FAR_AHEAD = "too_far_ahead"
    CONSENT_MISSING = "consent_missing"
    EVIDENCE_MISSING = "evidence_missing"
    INQUIRY_UNKNOWN = "inquiry_unknown"
    NOT_SETTLED = "not_settled"
    ID_REUSED = "id_reused"


MESSAGES: dict[ErrorCode, Bilingual] = {
    ErrorCode.MISSING: Bilingual(es="Falta este dato.", en="This field is missing."),
    ErrorCode.WRONG_TYPE: Bilingual(
        es="Este dato no es del tipo esperado.", en="This field is not of the expected type."
    ),
    ErrorCode.WRONG_FORMAT: Bilingual(
        es="Este dato no tiene el formato esperado.",
        en="This field does not have the expected format.",
    ),
    ErrorCode.TOO_LONG: Bilingual(
        es="Este dato es demasiado largo o tiene demasiados elementos.",
        en="This field is too long or has too many items.",
    ),
    ErrorCode.TOO_SHORT: Bilingual(
        es="Este dato está vacío o es demasiado corto.", en="This field is empty or too short."
    ),
    ErrorCode.NOT_ALLOWED: Bilingual(
        es="Este valor no es uno de los admitidos.", en="This value is not one of those allowed."
    ),
    ErrorCode.DUPLICATE: Bilingual(
        es="Este valor aparece más de una vez.", en="This value appears more than once."
    ),
    ErrorCode.IN_FUTURE: Bilingual(
        es="Este momento está en el futuro.", en="This moment lies in the future."
    ),
    ErrorCode.TOO_OLD: Bilingual(
        es="Este momento queda demasiado lejos en el pasado.",
        en="This moment lies too far in the past.",
    ),
    ErrorCode.TOO_FAR_AHEAD: Bilingual(
        es="Esta fecha está a más de 366 días de la recepción de su solicitud.",
        en="This date is more than 366 days after the receipt of your request.",
    ),
    ErrorCode.CONSENT_MISSING: Bilingual(
        es="Sin este consentimiento no podemos completar el registro.",
        en="Without this consent we cannot complete the registration.",
    ),
    ErrorCode.EVIDENCE_MISSING: Bilingual(
        es="Aporte al menos una cosa: la confirmación de la destrucción, la firma o los datos de"
        " contacto.",
        en="Give at least one of these: the confirmation of destruction, the signature or the"
        " contact data.",
    ),
    ErrorCode.INQUIRY_UNKNOWN: Bilingual(
        es="No encontramos esta consulta entre las suyas.",
        en="We cannot find this inquiry among yours.",
    ),
    ErrorCode.NOT_SETTLED: Bilingual(
        es="Esta consulta aún no puede cerrarse: hay contratos pendientes de tramitar.",
        en="This inquiry cannot be closed yet: some of its contracts are still in progress.",
    ),
    ErrorCode.ID_REUSED: Bilingual(
        es="Este identificador ya se usó para otra solicitud; envíela con uno nuevo.",
        en="This id was already used for another submission; send it under a new one.",
    ),
}


def error(field: str, code: ErrorCode) -> FieldError:
    """The answer to one faulty field, given by its dotted path; it never quotes the value."""
    return FieldError(field=field, code=code.value, message=MESSAGES[code])
