"""`desk case`: one timeline of whatever id somebody has."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import typer
from rich.console import Console

from desk.commands.addresses import Where
from desk.commands.console import columns, console, print_json, text
from desk.commands.errors import FAILED, DeskError
from desk.commands.instants import instant
from desk.commands.services import services_of
from shared.events.field_classes import masked
from shared.events.topics import ARCHIVE, CANCELLATION, INTAKE
from shared.events.values import Language
from shared.operations.case_timeline import CaseTimeline, NoSuchCase, read_timeline
from shared.operations.decoded_record import shown
from shared.operations.durations import duration
from shared.operations.errors import WrongDatabaseUrl
from shared.operations.event_text import consequence, label, said, word
from shared.operations.kept_cases import NoIndex, find_kept
from shared.operations.local_time import local_time
from shared.operations.service_client import ServiceClient
from shared.operations.timeline import Step, Told
from shared.outage import Forbidden, Outage
from shared.runtime.operations.answers import History
from shared.settings import RuntimeSettings

INDEX, ON_TOPICS = "index", "topics"
NOTICEABLE = 1_000
"""Records by which an index may be behind without a word: some come while it is asked."""


@dataclass(frozen=True, slots=True)
class CaseRead:
    """A case, where it was read, and a note about that."""

    timeline: CaseTimeline
    read_from: str
    note: str = ""


def case(
    *,
    words: list[str],
    since: str | None,
    within: float,
    topics: bool,
    language: Language,
    as_json: bool,
    where: Where,
) -> None:
    """Tell what happened to anything, over all topics and services."""
    named, earliest = " ".join(words), instant(since, "--since")
    read = asyncio.run(_read(where, named, within, earliest, on_topics=topics or bool(since)))
    found = read.timeline
    if read.note:
        _note(read.note)
    if as_json:
        print_json({"read_from": read.read_from, **_as_json(found)})
    else:
        show(found, language, console())
    if found.silent or not found.complete:
        raise typer.Exit(FAILED)


def _note(words: str) -> None:
    """Beside the answer: standard output may be read by a program."""
    typer.secho(words, err=True, dim=True)


async def _read(
    where: Where, named: str, within_s: float, since: datetime | None, *, on_topics: bool
) -> CaseRead:
    settings = where.settings()
    async with _services(where) as services:
        if not on_topics:
            read = await _read_kept(where, settings, named, services, within_s)
            if read is not None:
                return read
        found = await read_timeline(named, settings, services, within_s=within_s, since=since)
        return CaseRead(found, ON_TOPICS)


async def _read_kept(
    where: Where,
    settings: RuntimeSettings,
    named: str,
    services: Mapping[str, ServiceClient],
    within_s: float,
) -> CaseRead | None:
    """From the console's index; None, once it is said why, where the topics must be read."""
    if where.mongo is None:
        why = "no address of the database was given (MONGO_URL, --mongo)"
    else:
        try:
            found = await find_kept(named, settings, where.mongo, services, within_s=within_s)
        except NoIndex:
            why = "no console keeps an index in this database"
        except NoSuchCase:
            why = "the console's index has nothing of it"
        except Forbidden:
            why = "this user may not read the console's index"
        except WrongDatabaseUrl:
            why = "the address of the database cannot be one"
        except Outage:
            why = "the database with the console's index does not answer"
        else:
            return CaseRead(found.timeline, INDEX, note_on(found.behind))
    _note(f"Reading the topics themselves, for {within_s:g} s at most: {why}.")
    return None


def note_on(behind: int | Outage) -> str:
    """A warning about the index that told the case; empty where it keeps up."""
    if isinstance(behind, Outage):
        does = "refuses this user" if isinstance(behind, Forbidden) else "does not answer"
        return f"The broker {does} ({behind}): this is what the console's index had by then."
    if behind < NOTICEABLE:
        return ""
    return (
        f"The console's index is {behind:,} records behind; they were read from the topics."
        " Does the console run?"
    )


@asynccontextmanager
async def _services(where: Where) -> AsyncIterator[Mapping[str, ServiceClient]]:
    """None where nobody said where they are: the topics tell what they hold."""
    try:
        asked = services_of(where, INTAKE, CANCELLATION, ARCHIVE)
    except DeskError:
        yield {}
        return
    async with asked as services:
        yield services


def show(found: CaseTimeline, language: Language, out: Console) -> None:
    """Where it stands, what happened, and what is due next."""
    head = columns("bold", "")
    for record in found.records:
        head.add_row(_name(record), text(_standing(record, language)))
    out.print(head)
    out.print()
    table = columns("dim", "")
    for told in found.steps:
        if told.waited:
            pause = f"— {duration(told.pause_s, language)} {label('later', language)} —"
            table.add_row("", text(pause, "italic dim"))
        table.add_row(local_time(told.step.at), _words(told, language))
    out.print(table)
    _show_end(found, language, out)


def _show_end(found: CaseTimeline, language: Language, out: Console) -> None:
    for due in found.due:
        told = f"{label('next', language)}: {local_time(due.at)}  {due.service} {due.kind} {due.id}"
        out.print(text(told, "bold"))
    for record in found.records:
        if record.parked is not None:
            told = f"{label('parked', language)}: {_name(record)} ({record.parked.error})"
            out.print(text(told, "bold red"))
    for error in found.silent:
        out.print(text(str(error), "red"))
    if not found.complete:
        out.print(text(label("incomplete", language), "red"))


def _name(record: History) -> str:
    return f"{record.service} {record.kind}"


def _standing(record: History, language: Language) -> str:
    state: Mapping[str, Any] = record.state or {}
    status = state.get("status")
    told = [record.id, word("status", status, language) if isinstance(status, str) else ""]
    return " · ".join(filter(None, told))


def _words(told: Told, language: Language) -> Any:
    step = told.step
    what, more = _said(step, language)
    after = f"  +{duration(told.after_cause_s, language)}" if told.after_cause_s else ""
    words = text(what, "bold")
    words.append_text(text(f"{after}  {_origin(step)}", "dim"))
    dates = consequence(step.type, masked(step.type, step.data), language)
    for line in filter(None, (dates, more, _rule(step, language))):
        words.append_text(text(f"\n{line}"))
    if step.dead is not None:
        why = f"{step.dead.service}: {step.dead.reason}: {step.dead.error}"
        words.append_text(text(f"\n{why} (desk dead-letters show {step.dead.letter})", "red"))
    elif step.fault:
        words.append_text(text(f"\n{label('undecodable', language)}: {step.fault}", "red"))
    return words


def _said(step: Step, language: Language) -> tuple[str, str]:
    """The step in the desk's words, without anybody's data; a type without words is its own."""
    if step.dead is not None:
        return f"{label('given_up', language)} {step.dead.letter}: {shown(step.type)}", ""
    found = said(step.type, masked(step.type, step.data), language)
    return (found.what, found.words) if found else (shown(step.type) or "?", "")


def _rule(step: Step, language: Language) -> str:
    facts = masked(step.type, step.data)
    if "rule" not in facts:
        return ""
    policy = f"{label('policy', language)} {facts.get('policy')} {facts.get('policy_version')}"
    return f"{policy}, {label('rule', language)} {facts['rule']}"


def _origin(step: Step) -> str:
    if step.place is None:
        return step.service
    topic, partition, offset = step.place
    return f"{topic} {partition}-{offset}"


def _as_json(found: CaseTimeline) -> dict[str, Any]:
    return {
        "complete": found.complete,
        "silent": [str(error) for error in found.silent],
        "records": [
            {"service": it.service, "kind": it.kind, "id": it.id, "version": it.version}
            for it in found.records
        ],
        "parked": [
            {"service": it.service, "kind": it.kind, "id": it.id, "error": it.parked.error}
            for it in found.records
            if it.parked is not None
        ],
        "due": [
            {"service": it.service, "kind": it.kind, "id": it.id, "at": it.at.isoformat()}
            for it in found.due
        ],
        "timeline": _steps_as_json(found.steps),
    }


def _steps_as_json(steps: Sequence[Told]) -> list[dict[str, Any]]:
    return [
        {
            "at": told.step.at.isoformat(),
            "pause_s": round(told.pause_s, 3),
            "after_cause_s": None if told.after_cause_s is None else round(told.after_cause_s, 3),
            "type": shown(told.step.type),
            "id": shown(told.step.id),
            "cause": shown(told.step.cause) or None,
            "place": None if told.step.place is None else told.step.place._asdict(),
            "service": told.step.service or None,
            **{
                language.value: dict(
                    zip(("what", "words"), _said(told.step, language), strict=True)
                )
                for language in Language
            },
            "dead": None
            if told.step.dead is None
            else {"letter": told.step.dead.letter, "service": told.step.dead.service}
            | {"reason": told.step.dead.reason, "error": told.step.dead.error},
            "fault": told.step.fault or None,
            "data": masked(told.step.type, told.step.data),
        }
        for told in steps
    ]
