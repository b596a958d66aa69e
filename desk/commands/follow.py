"""Sending submissions and, if wanted, telling the answers as they arrive."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import typer
from rich.console import Console
from rich.text import Text

from desk.commands.answers import AnswerEvent, FollowedSubmission, Listener, listening
from desk.commands.console import columns, console, print_json, text
from desk.commands.errors import FAILED
from desk.commands.event_file import Outgoing
from desk.commands.mail import show_mails
from desk.commands.send import send
from shared.events.submissions import FollowUpSubmitted
from shared.events.values import MADRID, Bilingual, Language
from shared.operations.event_text import consequence, said
from shared.settings import RuntimeSettings

_DEAD = Bilingual(
    es="El centro no ha podido procesarla (mensaje muerto)",
    en="The desk could not process it (dead letter)",
)
_EARLIER = Bilingual(es="una solicitud anterior", en="an earlier request")
QUIET_S = 1.0
"""After the last answer: its mail and what else follows from it are on their way."""


@dataclass(frozen=True, slots=True)
class Asked:
    """How a person wants to be answered. `wait_s` is None for not at all.

    Mails are shown from the folder `mails`, if one is given.
    """

    wait_s: float | None
    language: Language
    as_json: bool
    mails: Path | None = None


def submit_all(settings: RuntimeSettings, outgoing: Sequence[Outgoing], asked: Asked) -> None:
    """Send all; exit code 1 if one is rejected, or if nothing at all comes back in time."""
    followed = [FollowedSubmission(event) for event in outgoing]
    out = console()
    if asked.wait_s is None:
        asyncio.run(send(settings, outgoing))
    else:
        asyncio.run(_send_and_follow(settings, followed, asked, asked.wait_s, out))
    if asked.as_json:
        print_json([_as_json(entry) for entry in followed])
    elif asked.wait_s is None:
        for entry in followed:
            _announce(entry, out, asked.language)
    else:
        _conclude(followed, asked.wait_s, asked.language, out)
        if asked.mails is not None:
            show_mails(asked.mails, [it.reference for it in followed if it.reference])
    unheard = asked.wait_s is not None and not all(entry.answers for entry in followed)
    if unheard or any(entry.refused for entry in followed):
        raise typer.Exit(FAILED)


async def _send_and_follow(
    settings: RuntimeSettings,
    followed: Sequence[FollowedSubmission],
    asked: Asked,
    wait_s: float,
    out: Console,
) -> None:
    async with listening(settings) as listener:
        await send(settings, [entry.submission for entry in followed])
        if not asked.as_json:
            for entry in followed:
                _announce(entry, out, asked.language)
        teller = AnswerPrinter(out, asked, numbered=len(followed) > 1)
        await _follow(listener, followed, teller, time.monotonic() + wait_s)


async def _follow(
    listener: Listener,
    followed: Sequence[FollowedSubmission],
    teller: AnswerPrinter,
    deadline: float,
) -> None:
    last_heard = time.monotonic()
    while (now := time.monotonic()) < deadline:
        if all(entry.done for entry in followed) and now - last_heard > QUIET_S:
            return
        for answer in await listener.next():
            for number, entry in enumerate(followed, start=1):
                if entry.take(answer):
                    last_heard = time.monotonic()
                    teller.tell(entry, answer, number)


class AnswerPrinter:
    """Prints each answer once: a decision and the progress that repeats it say the same."""

    def __init__(self, out: Console, asked: Asked, *, numbered: bool) -> None:
        self._out = out
        self._asked = asked
        self._numbered = numbered
        self._told: set[tuple[int, object, str]] = set()

    def tell(self, entry: FollowedSubmission, answer: AnswerEvent, number: int) -> None:
        if self._asked.as_json:
            return
        line = self._line(answer)
        if line is None:
            return
        what, words = line
        if not entry.concerns(answer):
            what += f" [{_EARLIER.in_language(self._asked.language)}]"
        mark = number, answer.data.get("contract_number"), words
        if words and mark in self._told:
            return
        self._told.add(mark)
        table = columns("dim", "")
        clock = datetime.now(MADRID).strftime("%H:%M:%S")
        is_link = "://" in words
        when = f"{number}  {clock}" if self._numbered else clock
        table.add_row(when, _told(what, "" if is_link else words))
        self._out.print(table)
        if is_link:  # folded into a column, nobody could copy it
            self._out.print(text(words), soft_wrap=True)

    def _line(self, answer: AnswerEvent) -> tuple[str, str] | None:
        if answer.dead is not None:
            return _DEAD.in_language(self._asked.language), answer.dead
        found = said(answer.ce_type, answer.data, self._asked.language)
        if found is None:
            return None
        dates = consequence(answer.ce_type, answer.data, self._asked.language)
        return f"{found.what} ({dates})" if dates else found.what, found.words


def _told(what: str, words: str) -> Text:
    line = text(what, "bold")
    return line.append_text(text(f"\n{words}")) if words else line


def _announce(entry: FollowedSubmission, out: Console, language: Language) -> None:
    """Print what was sent. The desk gives the reference, which is printed once it has opened it."""
    submission = entry.submission
    sent = _SENT.in_language(language).format(ce_type=submission.ce_type)
    out.print(text(f"{sent} {submission.ce_id}"), soft_wrap=True)
    named = (
        entry.inquiry_id if submission.ce_type == FollowUpSubmitted.ce_type else submission.ce_id
    )
    follow = _FOLLOW.in_language(language)
    out.print(text(f"{follow} desk inquiry {named}", "dim"), soft_wrap=True)


_SENT = Bilingual(es="enviada {ce_type}, con id", en="submitted {ce_type}, id")
_FOLLOW = Bilingual(es="sígala con:", en="follow it with:")
_CONCLUSIONS = {
    "rejected": Bilingual(
        es="Rechazada: no se ha hecho nada de ella. Corrija los campos de arriba y envíela de"
        " nuevo.",
        en="Rejected: nothing of it was done. Correct the fields above and submit it again.",
    ),
    "dead_letter": Bilingual(
        es="Nadie la contestará hasta que se vuelva a procesar: vea `desk doctor`.",
        en="Nobody will answer until it is replayed: see `desk doctor`.",
    ),
    "resolved": Bilingual(
        es="Hecho: todo lo que se pidió tiene su respuesta.",
        en="Done: everything that was asked has its answer.",
    ),
    "closed": Bilingual(es="Hecho y cerrado.", en="Done and closed."),
    "open": Bilingual(
        es="Abierta: la contestará un profesional.", en="Open: a professional will answer."
    ),
    "received": Bilingual(es="Recibida.", en="Received."),
    "evidence_awaited": Bilingual(
        es="El centro espera lo que falta: `desk submit evidence`.",
        en="The desk waits for the missing evidence: `desk submit evidence`.",
    ),
    "referred": Bilingual(
        es="Lo decide un profesional: `desk publish` de un agent.referral_decided.v1.",
        en="A professional decides: `desk publish` an agent.referral_decided.v1.",
    ),
}
_UNFINISHED = Bilingual(
    es="Sin terminar después de {seconds} s; sigue sin usted.",
    en="Not finished after {seconds} s; the desk continues without you.",
)
_UNHEARD = Bilingual(
    es="Sin respuesta en {seconds} s. Está a salvo en Kafka; `desk doctor` dice qué falla.",
    en="No answer within {seconds} s. It is safe in Kafka; `desk doctor` says what is wrong.",
)


def _conclude(
    followed: Sequence[FollowedSubmission], wait_s: float, language: Language, out: Console
) -> None:
    for number, entry in enumerate(followed, start=1):
        mark = f"{number}  " if len(followed) > 1 else ""
        style = "bold red" if entry.refused else "bold green" if entry.done else "bold yellow"
        words = _CONCLUSIONS.get(entry.outcome) or (_UNFINISHED if entry.answers else _UNHEARD)
        told = words.in_language(language).format(seconds=f"{wait_s:g}")
        out.print(f"{mark}{told}", style=style)


def _as_json(entry: FollowedSubmission) -> dict[str, object]:
    return {
        "ce_type": entry.submission.ce_type,
        "ce_id": entry.submission.ce_id,
        "source": entry.submission.source,
        "inquiry_id": None if entry.refused else entry.inquiry_id,
        "reference": entry.reference,
        "outcome": entry.outcome if entry.answers else "submitted",
        "answers": [
            {"ce_type": a.ce_type, "ce_id": a.ce_id, "dead": a.dead, "data": a.data}
            for a in entry.answers
        ],
    }
