"""How a letter was dealt with, if it needs nothing more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.events.operations import LetterHandled
from shared.operations.audit_trail import AuditTrail
from shared.operations.dead_letters.letter import Letter, LetterId


@dataclass(frozen=True, slots=True)
class Settlement:
    """The last act on a letter, or the later letter of the same message that settled it.

    Neither: it was sent again with another service's letter of the same record.
    """

    act: LetterHandled | None = None
    along_with: LetterId | None = None


def settlement_of(letter: Letter, letters: Sequence[Letter], trail: AuditTrail) -> Settlement:
    """How the settled `letter`, one of all `letters`, was dealt with."""
    if own := trail.on(letter.id):
        return Settlement(act=own[-1])
    same = (letter.service, letter.message_id)
    later = [it.id for it in letters if (it.service, it.message_id) == same and trail.on(it.id)]
    if letter.message_id and later:
        return Settlement(along_with=later[-1])
    return Settlement()
