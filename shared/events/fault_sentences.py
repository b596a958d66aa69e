"""Sentences that explain a submission's faulty fields to people, one per code (F2).

Intake says it on `desk.rejections`, and the portal to partners before anything is sent.
"""

from __future__ import annotations

from shared.events.error_codes import ErrorCode, Sentences
from shared.events.values import Bilingual

ACT_ID_REUSED = Bilingual(
    es="Este identificador ya se usó para otro acto; publíquelo con uno nuevo.",
    en="This id was already used for another act; publish it under a new one.",
)
"""The answer to an agent's act under a used id."""
MESSAGES: Sentences = {
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
    ErrorCode.CHANGE_MISSING: Bilingual(
        es="Indique al menos un dato que haya cambiado: nombre, correo electrónico, teléfono,"
        " empresa, país o idioma.",
        en="Give at least one thing that has changed: name, e-mail address, phone, company,"
        " country or language.",
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
    ErrorCode.TOO_LARGE: Bilingual(
        es="Es demasiado grande: una solicitud tiene como máximo 256 KiB, y un número, 64 bits.",
        en="This is too large: a submission has at most 256 KiB, and a number 64 bits.",
    ),
    ErrorCode.UNKNOWN_TYPE: Bilingual(
        es="No conocemos solicitudes de este tipo.", en="We know no submissions of this type."
    ),
    ErrorCode.NOT_JSON: Bilingual(
        es="El contenido no es JSON en UTF-8, o tiene demasiados niveles o un número demasiado"
        " largo.",
        en="The content is not JSON in UTF-8, or it has too many levels or too long a number.",
    ),
    ErrorCode.NOT_AN_OBJECT: Bilingual(
        es="El contenido no es un objeto JSON.", en="The content is not a JSON object."
    ),
    ErrorCode.STRUCTURED_MODE: Bilingual(
        es="No leemos eventos en modo estructurado; envíelo en modo binario, con los atributos en"
        " cabeceras `ce_`.",
        en="We do not read events in structured mode; send it in binary mode, with the attributes"
        " in `ce_` headers.",
    ),
    ErrorCode.AMBIGUOUS: Bilingual(
        es="Esta cabecera aparece con dos valores distintos.",
        en="This header appears with two different values.",
    ),
    ErrorCode.SOURCE_NOT_ALLOWED: Bilingual(
        es="Este origen no puede enviar solicitudes.", en="This source may not send submissions."
    ),
    ErrorCode.WRONG_KEY: Bilingual(
        es="La clave del registro no es el identificador de cliente de la solicitud.",
        en="The record's key is not the customer id of the submission.",
    ),
}
