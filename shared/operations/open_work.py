"""Lists open work: waiting for people, for time, for a mail server or for a fix.

What the services have parked and due they are asked; where inquiries stand is what intake states
on its topic of states, and cancellation of renewals. Nothing is kept of what is settled.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Mapping,
    Sequence,
)
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TypeVar

from pydantic import ValidationError

from shared.events.states import CancellationStated, InquiryStated, InquiryStatus, StateEvent
from shared.events.topics import ARCHIVE, DEAD_LETTERS, NOTIFICATION
from shared.events.values import Bilingual, start_of_day
from shared.kafka.topic_records import records_on
from shared.operations.audit_trail import OPERATIONS
from shared.operations.dead_letters.open_letters import OpenLetters, TrailOf, open_letters
from shared.operations.decoded_record import decoded
from shared.operations.service_client import ServiceClient, ServiceError, Unreachable
from shared.operations.topics import require_topics
from shared.runtime.operations.answers import DueRecord, ParkedRecord
from shared.settings import RuntimeSettings

STATES, FILES = "desk.inquiry-states", "desk.cancellation-states"
MOST_PAGES = 10
PAGE = 1_000
ANSWERED_WITHIN_S = 15.0
"""Of one service, all its pages: one that is stopped takes connections and never answers."""
REFERRED, AWAITED, PENDING = "referred", "evidence_awaited", "pending"
Stated = TypeVar("Stated", bound=StateEvent)


class Waiting(StrEnum):
    """The reason why work is open."""

    OVERDUE = "overdue"
    """An inquiry waits for the desk, and its answer target has passed."""
    REFERRED = "referred"
    """A cancellation waits for a professional."""
    RENEWALS = "renewals"
    """A renewal that billing's reports put into doubt waits for a professional, without inquiry."""
    AWAITED = "awaited"
    """A cancellation waits for the customer's evidence."""
    UNSENT = "unsent"
    """A mail waits for the mail server, or for its next attempt."""
    UNMADE = "unmade"
    """A document waits to be made."""
    TIMERS = "timers"
    """A record's time has come, and it has not been decided yet."""
    PARKED = "parked"
    """A record waits for a fix."""
    DEAD_LETTERS = "dead_letters"
    """A message was given up, and nobody has dealt with it."""


NAMES = {
    Waiting.OVERDUE: Bilingual(es="consultas fuera de plazo", en="overdue inquiries"),
    Waiting.REFERRED: Bilingual(es="para un profesional", en="referred to a professional"),
    Waiting.RENEWALS: Bilingual(
        es="renovaciones para un profesional", en="renewals for a professional"
    ),
    Waiting.AWAITED: Bilingual(es="a la espera del cliente", en="awaited from the customer"),
    Waiting.UNSENT: Bilingual(es="correos sin enviar", en="unsent mails"),
    Waiting.UNMADE: Bilingual(
        es="documentos por hacer o comprobar", en="documents to be made or checked"
    ),
    Waiting.TIMERS: Bilingual(es="plazos vencidos", en="due timers"),
    Waiting.PARKED: Bilingual(es="registros parados", en="parked records"),
    Waiting.DEAD_LETTERS: Bilingual(es="mensajes muertos", en="dead letters"),
}
"""The name of each group."""


@dataclass(frozen=True, slots=True)
class WorkGroup:
    """Everything that waits for the same: how many, since when the oldest, and which one that is.

    `at_least`: there may be more than were counted.
    """

    waiting: Waiting
    count: int
    since: datetime | None = None
    oldest: str = ""
    at_least: bool = False


@dataclass(frozen=True, slots=True)
class OpenWork:
    """Every group in the order of `Waiting`, and the services that did not answer."""

    groups: Sequence[WorkGroup]
    silent: Sequence[ServiceError]


def take_inquiry(inquiries: dict[str, InquiryStated], state: InquiryStated) -> None:
    """Keeps the inquiries that are open, each as last stated: what compaction keeps counts."""
    if state.status is InquiryStatus.OPEN:
        inquiries[state.inquiry_id] = state
    else:
        inquiries.pop(state.inquiry_id, None)


def take_file(files: dict[str, CancellationStated], state: CancellationStated) -> None:
    """Keeps the contracts of which a renewal waits for a professional."""
    if any(it.referred for it in state.renewals):
        files[state.contract_number] = state
    else:
        files.pop(state.contract_number, None)


async def read_open_work(
    settings: RuntimeSettings,
    services: Mapping[str, ServiceClient],
    inquiries: Callable[[datetime], Awaitable[Sequence[WorkGroup]]] | None = None,
    trail_of: TrailOf | None = None,
) -> OpenWork:
    """Reads all open work. Raises `Outage`, `MissingTopics`.

    `inquiries` are the groups of inquiries at an instant, and `trail_of` the acts on letters, if
    somebody keeps them; else the topics are read.
    """
    now = datetime.now(UTC)
    await require_topics(settings, {STATES, FILES, DEAD_LETTERS, OPERATIONS})
    told = inquiries(now) if inquiries else _of_topics(settings, now)
    groups = [*await told]
    silent: dict[str, ServiceError] = {}
    due: dict[str, tuple[Sequence[DueRecord], bool]] = {}
    parked: list[tuple[str, ParkedRecord]] = []
    answers = await asyncio.gather(*map(_asked, services.values()))
    for name, answer in zip(services, answers, strict=True):
        if isinstance(answer, ServiceError):
            silent[name] = answer
            continue
        due[name], line = answer
        parked += [(name, record) for record in line]
    groups += [
        of_work(Waiting.UNSENT, *due.get(NOTIFICATION, ((), False))),
        of_work(Waiting.UNMADE, *due.get(ARCHIVE, ((), False))),
        of_timers(due, now),
        _group(Waiting.PARKED, [(it.since, f"{name} {it.kind} {it.id}") for name, it in parked]),
        of_letters(await open_letters(settings, trail_of)),
    ]
    return OpenWork(groups, [*silent.values()])


def of_inquiries(states: Iterable[InquiryStated], now: datetime) -> Sequence[WorkGroup]:
    """Groups open inquiries by what they wait for; one with several contracts may be in several.

    `now` is timezone-aware.
    """
    overdue, referred, awaited = [], [], []
    for state in states:
        said = {contract.status for contract in state.contracts}
        if waits_for_the_desk(state) and state.answer_due_at < now:
            overdue.append((state.answer_due_at, state.reference))
        if REFERRED in said:
            referred.append((state.opened_at, state.reference))
        if AWAITED in said:
            awaited.append((state.opened_at, state.reference))
    return [
        _group(Waiting.OVERDUE, overdue),
        _group(Waiting.REFERRED, referred),
        _group(Waiting.AWAITED, awaited),
    ]


def of_renewals(files: Iterable[CancellationStated]) -> WorkGroup:
    """The contracts of which a renewal waits for a professional, since it was to lapse."""
    found = []
    for file in files:
        days = [it.lapses_on for it in file.renewals if it.referred is not None]
        if days:
            found.append((start_of_day(min(days)), file.contract_number))
    return _group(Waiting.RENEWALS, found)


def waits_for_the_desk(state: InquiryStated) -> bool:
    """Whether the desk owes the open inquiry an answer or a decision."""
    statuses = {contract.status for contract in state.contracts}
    return not statuses or not statuses.isdisjoint({PENDING, REFERRED})


def of_work(waiting: Waiting, due: Sequence[DueRecord], more: bool) -> WorkGroup:
    """The side effects that one service has not done yet; retries of later count too."""
    return _group(waiting, [(it.at, f"{it.kind} {it.id}") for it in due if it.what == "work"], more)


def of_timers(due: Mapping[str, tuple[Sequence[DueRecord], bool]], now: datetime) -> WorkGroup:
    """The records of all services whose time has come."""
    come = [
        (it.at, f"{name} {it.kind} {it.id}")
        for name, (records, _) in due.items()
        for it in records
        if it.what == "timer" and it.at <= now
    ]
    return _group(Waiting.TIMERS, come, any(more for _, more in due.values()))


def of_letters(found: OpenLetters) -> WorkGroup:
    """The dead letters that nobody has dealt with."""
    still = [(letter.at, str(letter.id)) for letter in found.letters]
    return _group(Waiting.DEAD_LETTERS, still, found.at_least)


def _group(
    waiting: Waiting, found: Sequence[tuple[datetime, str]], at_least: bool = False
) -> WorkGroup:
    since, oldest = min(found, default=(None, ""))
    return WorkGroup(waiting, len(found), since, oldest, at_least)


async def _asked(
    service: ServiceClient,
) -> tuple[tuple[Sequence[DueRecord], bool], Sequence[ParkedRecord]] | ServiceError:
    """Asks for all that is due and parked; a service whose process hangs is not waited for."""
    try:
        async with asyncio.timeout(ANSWERED_WITHIN_S):
            return await _due(service), await service.parked()
    except ServiceError as error:
        return error
    except TimeoutError:
        why = f"takes connections and does not answer within {ANSWERED_WITHIN_S:.0f} s"
        return Unreachable(service.name, why)


async def _due(service: ServiceClient) -> tuple[Sequence[DueRecord], bool]:
    """The first of what is due, and whether there is more."""
    found: list[DueRecord] = []
    after: str | None = None
    for _ in range(MOST_PAGES):
        page = await service.due(PAGE, after)
        found += page.items
        if page.next is None:
            return found, False
        after = page.next
    return found, True


async def _of_topics(settings: RuntimeSettings, now: datetime) -> Sequence[WorkGroup]:
    inquiries: dict[str, InquiryStated] = {}
    async for state in _states(settings, STATES, InquiryStated):
        take_inquiry(inquiries, state)
    files: dict[str, CancellationStated] = {}
    async for file in _states(settings, FILES, CancellationStated):
        take_file(files, file)
    overdue, referred, *others = of_inquiries(inquiries.values(), now)
    return [overdue, referred, of_renewals(files.values()), *others]


async def _states(
    settings: RuntimeSettings, topic: str, model: type[Stated]
) -> AsyncIterator[Stated]:
    """Yields the states on the topic: the last one of each record is what counts."""
    async for record in records_on(settings, [topic]):
        found = decoded(record)
        if found.type != model.ce_type or found.fault:
            continue
        with contextlib.suppress(ValidationError):
            yield model.model_validate(found.data)
