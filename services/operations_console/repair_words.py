"""The outcomes of repairs of dead letters, in both languages."""

from __future__ import annotations

from dataclasses import dataclass

from shared.events.operations import (
    DeadLetterDiscarded,
    DeadLetterEdited,
    DeadLetterReplayed,
    LetterHandled,
)
from shared.events.values import Bilingual
from shared.operations.dead_letters.discard import Discarded
from shared.operations.dead_letters.dry_run import types_of
from shared.operations.dead_letters.edit import Edited
from shared.operations.dead_letters.errors import (
    AlreadySettled,
    HalfACharacter,
    IdentityCorrected,
    NoSuchField,
    NotAnObject,
    NotAPointer,
    NothingCorrected,
    NotJson,
    StillFaulty,
    Superseded,
    UnknownService,
)
from shared.operations.dead_letters.letter import LetterId, NoSuchLetters
from shared.operations.dead_letters.replay import ReplayOutcome
from shared.operations.dead_letters.resend import Resent
from shared.operations.dead_letters.run import (
    Foresaw,
    Foretold,
    NotTried,
    OnlyFirst,
    Told,
    WouldSend,
)
from shared.operations.dead_letters.settlement import Settlement
from shared.operations.dead_letters.stop import (
    CorrectionUnderway,
    FailedAgain,
    LetterGone,
    NotReached,
    ReplayedTooOften,
    StillParked,
    StillWaits,
    Stop,
    WouldFail,
)
from shared.operations.errors import OperationError
from shared.operations.parked import Parked
from shared.runtime.operations.answers import Foreseen


@dataclass(frozen=True, slots=True)
class OutcomeRow:
    """One outcome. `bad`: somebody has to look at it."""

    what: str
    said: Bilingual
    bad: bool = False


def _both(es: str, en: str) -> Bilingual:
    return Bilingual(es=es, en=en)


DONE = {
    DeadLetterReplayed: _both("reenviado", "replayed"),
    DeadLetterEdited: _both("corregido", "corrected"),
    DeadLetterDiscarded: _both("descartado", "discarded"),
}


def act_said(event: LetterHandled) -> Bilingual:
    """`replayed by luis: why`."""
    done = DONE.get(type(event), _both(event.ce_type, event.ce_type))
    why = f": {event.why}" if event.why else ""
    return _both(f"{done.es} por {event.by}{why}", f"{done.en} by {event.by}{why}")


def settlement_said(how: Settlement) -> Bilingual:
    """How a letter was dealt with meanwhile."""
    if how.act is not None:
        return act_said(how.act)
    if how.along_with is not None:
        return _both(
            f"tratado con {how.along_with}, un mensaje muerto posterior del mismo registro",
            f"settled with {how.along_with}, a later letter of the same message",
        )
    return _both(
        "reenviado con el de otro servicio, del mismo registro",
        "sent again with another service's letter of the same record",
    )


def told_row(part: Told) -> OutcomeRow:
    """One part of a replay, for real."""
    match part:
        case ReplayOutcome(parked, decided, None):
            return OutcomeRow(
                parked.name,
                _both(
                    f"{decided} mensajes decididos; el registro ya no está parado",
                    f"{decided} messages decided; the record is no longer parked",
                ),
            )
        case ReplayOutcome(parked, decided, stop) if stop is not None:
            why = stop_said(stop)
            return OutcomeRow(
                parked.name,
                _both(
                    f"parado tras {decided} mensajes: {why.es}",
                    f"stopped after {decided} messages: {why.en}",
                ),
                bad=True,
            )
        case Resent(letter, None):
            return OutcomeRow(
                str(letter.id), _both("reenviado y decidido", "sent again, and decided")
            )
        case Resent(letter, stop) if stop is not None:
            return OutcomeRow(str(letter.id), stop_said(stop), bad=True)
        case NotTried(count):
            return OutcomeRow(
                "",
                _both(
                    f"{count} iguales a uno que ha fallado no se han enviado",
                    f"{count} like one that failed were not sent",
                ),
                bad=True,
            )
    raise AssertionError(part)


def foretold_row(part: Foretold) -> OutcomeRow:
    """One part of a dry run."""
    match part:
        case WouldSend(parked):
            count = len(parked.waiting)
            return OutcomeRow(
                parked.name,
                _both(
                    f"se enviarían {count} mensajes, en su orden",
                    f"would send {count} messages, in their order",
                ),
            )
        case Foresaw(letter, foreseen):
            return OutcomeRow(str(letter.id), foreseen_said(foreseen), bad=bool(foreseen.fault))
        case OnlyFirst(parked, count):
            return OutcomeRow(
                parked.name,
                _both(
                    f"solo se han probado los {count} primeros",
                    f"only the first {count} were tried",
                ),
            )
        case LetterGone(message_id):
            return OutcomeRow(message_id, stop_said(part), bad=True)


def foreseen_said(foreseen: Foreseen) -> Bilingual:
    if foreseen.fault:
        return _both(f"fallaría otra vez: {foreseen.fault}", f"would fail again: {foreseen.fault}")
    types = ", ".join(types_of(foreseen))
    if types:
        return _both(types, types)
    return _both(
        "no pasaría nada: se ignora, o ya está decidido",
        "nothing would happen: ignored, or decided already",
    )


def discard_row(done: Discarded) -> OutcomeRow:
    name = str(done.discard.letter.id)
    if done.stopped_by is not None:
        return OutcomeRow(name, stop_said(done.stopped_by), bad=True)
    return OutcomeRow(name, _both("descartado", "discarded"))


def edit_row(done: Edited) -> OutcomeRow:
    name = str(done.letter.id)
    if done.stopped_by is not None:
        why = stop_said(done.stopped_by)
        return OutcomeRow(
            name,
            _both(f"corregido y enviado; {why.es}", f"corrected and sent; {why.en}"),
            bad=True,
        )
    if done.waits:
        return OutcomeRow(
            name,
            _both(
                "corregido; espera en su sitio, detrás de otros",
                "corrected; it waits in its place, behind others",
            ),
        )
    if not done.decided:
        return OutcomeRow(name, _both("corregido y decidido", "corrected and decided"))
    return OutcomeRow(
        name,
        _both(
            f"corregido y decidido, y {done.decided} que esperaban detrás",
            f"corrected and decided, and {done.decided} that waited behind it",
        ),
    )


def behind_row(letter: LetterId, parked: Parked) -> OutcomeRow:
    return OutcomeRow(
        str(letter),
        _both(
            f"no se ha enviado: otros de {parked.name} esperan delante",
            f"not sent: others of {parked.name} wait before it",
        ),
        bad=True,
    )


def stop_said(stop: Stop) -> Bilingual:
    """Returns why the replay stopped."""
    match stop:
        case LetterGone(message_id):
            return _both(
                f"su mensaje muerto ya no está en el tema: {message_id}",
                f"its dead letter is gone from the topic: {message_id}",
            )
        case CorrectionUnderway(letter):
            return _both(
                f"la corrección de {letter} está en camino",
                f"the correction of {letter} is on its way",
            )
        case ReplayedTooOften(_, times):
            return _both(
                f"ya se reenvió {times} veces: puede ser la causa; solo la orden lo envía otra vez",
                f"replayed {times} times already: it may be the cause; only the command sends it",
            )
        case WouldFail(fault):
            return _both(
                f"no se ha enviado, porque fallaría otra vez: {fault}",
                f"not sent, because it would fail again: {fault}",
            )
        case NotReached(service, within_s):
            return _both(
                f"enviado, pero {service} no lo ha decidido en {within_s:g} s",
                f"sent, but {service} has not decided it in {within_s:g} s",
            )
        case StillParked(within_s, error):
            return _both(
                f"no decidido en {within_s:g} s; el defecto era {error}",
                f"not decided in {within_s:g} s; the defect was {error}",
            )
        case FailedAgain(letter, reason, error):
            return _both(
                f"ha fallado otra vez: {reason}: {error} ({letter})",
                f"it failed again: {reason}: {error} ({letter})",
            )
        case StillWaits(aggregate, within_s):
            return _both(
                f"está anotado, pero {aggregate.name} aún lo espera tras {within_s:g} s",
                f"it is written down, but still waits for {aggregate.name} after {within_s:g} s",
            )


def error_said(error: OperationError) -> Bilingual:
    """Returns why the repair was refused."""
    match error:
        case NothingCorrected():
            return _both("La corrección no cambia nada.", "The correction changes nothing.")
        case NotAnObject():
            return _both(
                "El valor no es un objeto JSON: escríbalo entero.",
                "The value is no JSON object: write it as a whole.",
            )
        case NotAPointer() | NoSuchField():
            return _both(
                "El valor no tiene ese sitio; un campo se escribe como /contact/email.",
                "The value has no such place; a field is written like /contact/email.",
            )
        case NotJson():
            return _both("No es JSON.", "This is not JSON.")
        case HalfACharacter():
            return _both("Contiene medio carácter.", "It holds half a character.")
        case UnknownService(_, service):
            return _both(f"{service} no es un servicio.", f"{service} is no service.")
        case IdentityCorrected():
            return _both(
                "Un registro lo espera por su identificador, que no se puede cambiar.",
                "A record waits for it by its id, which cannot be changed.",
            )
        case StillFaulty(_, faults):
            return _both(
                f"Aún no se decidiría: {'; '.join(faults)}",
                f"It would still not be decided: {'; '.join(faults)}",
            )
        case Superseded(_, newest):
            return _both(
                f"Ha fallado otra vez: corrija {newest}.", f"It failed again: correct {newest}."
            )
        case AlreadySettled(_, settlement):
            how = settlement_said(settlement)
            return _both(f"Ya está {how.es}.", f"Already {how.en}.")
        case NoSuchLetters(ids):
            named = ", ".join(map(str, ids))
            return _both(f"Ya no está en el tema: {named}", f"No longer on the topic: {named}")
    return _both(f"No se puede: {error}", f"It cannot be done: {error}")
