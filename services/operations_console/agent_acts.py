"""Publishes an agent's decision once, if the record is still as the page showed it.

The event itself names the agent, so it is the audit, too. A form's id is the event's: a double
click is one act. Whoever owns the record answers; that answer is what the page shows.

An act is noted before it is published and again afterwards. A process that ends between the two
leaves an act of which nobody knows whether it is on the topic: its page says so, and the same form
publishes it again under the same id.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from services.operations_console.acts import SOURCE, ActPublisher
from services.operations_console.owners import Owners
from services.operations_console.refusals import RefusedActs
from shared.events.agents import (
    AccessAuthorised,
    ActivationUnlocked,
    AgentAction,
    AgentActionRefused,
    ContractApproved,
    InquiryAnswered,
    InquiryRouted,
    ReferralDecided,
)
from shared.events.topics import ARCHIVE, CANCELLATION, INTAKE
from shared.kafka.records import Envelope
from shared.mongo.client import Database, Document
from shared.mongo.errors import mongodb_errors_as_outage
from shared.mongo.indexes import create_indexes_on
from shared.mongo.writes import insert_new
from shared.operations.dead_letters.letter import Original
from shared.operations.inquiries import INQUIRY, inquiry_named
from shared.runtime import codec
from shared.runtime.operations.answers import Foreseen, History, HistoryEntry
from shared.telemetry.tracing import current_traceparent
from shared.web.pages import NotFound

KEPT = timedelta(days=30)
TURN = timedelta(hours=1)
"""How long an act that nobody has answered keeps others from the same record."""
PUBLISHED_WITHIN = timedelta(seconds=30)
"""Longer than a publication takes: by then the process that began an act has died."""
LOOK_EVERY_S = 0.1
FILE, CONTRACT, CUSTOMER = "file", "contract", "customer"
MAIL = "mail."


@dataclass(frozen=True, slots=True)
class Subject:
    """The record that an act is about, and the service that owns it."""

    service: str
    kind: str
    id: str


@dataclass(frozen=True, slots=True)
class SeenRecord:
    """A record as a page shows it. `steps` counts what happened to it, mails left aside."""

    subject: Subject
    history: History | None

    @property
    def entries(self) -> Sequence[HistoryEntry]:
        entries = () if self.history is None else self.history.entries
        return [it for it in entries if any(not is_mail(event.type) for event in it.events)]

    @property
    def steps(self) -> int:
        return len(self.entries)

    @property
    def state(self) -> Mapping[str, Any]:
        return (self.history.state if self.history else None) or {}


@dataclass(eq=False)
class RecordChanged(Exception):
    """The record is not as the page showed it: nothing was published.

    `since` is what happened to it; `by` is another agent who has just acted on it.
    """

    since: Sequence[HistoryEntry] = ()
    by: str = ""


@dataclass(frozen=True, slots=True)
class Act:
    """An act, and what came of it: events, a refusal, or nothing yet.

    `published`: the broker has acknowledged it. `interrupted`: the process that was to publish it
    has ended, and nobody knows whether it did.
    """

    id: str
    type: str
    subject: Subject
    by: str
    at: datetime
    events: Sequence[tuple[str, Mapping[str, Any]]] = ()
    refused: Mapping[str, Any] | None = None
    decided: bool = False
    published: bool = True
    interrupted: bool = False

    @property
    def is_final(self) -> bool:
        return self.decided or self.refused is not None or self.interrupted


def is_mail(ce_type: str) -> bool:
    """Whether an event only says what became of a mail."""
    return ce_type.startswith(MAIL)


def subject_of(event: AgentAction) -> Subject:
    match event:
        case InquiryAnswered(inquiry_id=key) | InquiryRouted(inquiry_id=key):
            return Subject(INTAKE, INQUIRY, key)
        case ReferralDecided(contract_number=key):
            return Subject(CANCELLATION, FILE, key)
        case AccessAuthorised(customer_id=key):
            return Subject(ARCHIVE, CUSTOMER, key)
        case ActivationUnlocked(contract_number=key) | ContractApproved(contract_number=key):
            return Subject(ARCHIVE, CONTRACT, key)
    raise AssertionError(event)


class AgentActs:
    """Reads records of their owners and publishes acts. Its methods raise `Outage`."""

    def __init__(
        self,
        owners: Owners,
        refusals: RefusedActs,
        database: Database,
        publisher: ActPublisher,
        now: Callable[[], datetime],
    ) -> None:
        self._owners = owners
        self._refusals = refusals
        self._acts = database.collection("agent_acts")
        self._turns = database.collection("agent_turns")
        self._publisher = publisher
        self._now = now

    async def prepare(self) -> None:
        """Create the indexes that are missing."""
        with mongodb_errors_as_outage():
            await create_indexes_on(self._acts, [], expires_on="until")
            await create_indexes_on(self._turns, [], expires_on="until")

    async def inquiry(self, named: str) -> SeenRecord:
        """An inquiry by its reference or id. Raises `NoSuchInquiry`, `ServiceError`."""
        async with self._owners.asked() as services:
            found = await inquiry_named(services[INTAKE], named)
        return SeenRecord(Subject(INTAKE, INQUIRY, found.id), found)

    async def seen(self, subject: Subject) -> SeenRecord:
        """The record as it stands. Raises `ServiceError`."""
        async with self._owners.asked() as services:
            return SeenRecord(
                subject, await services[subject.service].history(subject.kind, subject.id)
            )

    async def foreseen(self, act_id: str, event: AgentAction) -> Foreseen:
        """Asks the record's owner what it would decide on the act. Raises `ServiceError`."""
        record = _record(self._envelope(act_id, event))
        async with self._owners.asked() as services:
            [foreseen] = await services[subject_of(event).service].dry_run([record])
        return foreseen

    async def publish(self, act_id: str, event: AgentAction, steps: int) -> None:
        """Publish the act if nothing has happened to the record since `steps`.

        Returns once the broker has acknowledged it, and for an act that was published before; a
        form that is sent twice at a time waits for what comes of the first. Raises `RecordChanged`,
        also where the same form has said something else before, `ServiceError`.
        """
        if not await self._begins(act_id, event):
            return
        try:
            seen = await self.seen(subject_of(event))
            if _entry_of(act_id, seen.history) is None:
                other = await self._turn_of_another(act_id, event.agent_id, seen, steps)
                _refuse_changed(seen, steps, other)
                await self._publisher.publish([self._envelope(act_id, event)])
            await self._note_published(act_id, seen)
        except BaseException:
            await self._forget(act_id)
            raise

    async def read(self, act_id: str, *, refusals: bool = True) -> Act:
        """The act and what came of it. Raises `NotFound`, `ServiceError`.

        Without `refusals`, only what the record tells: an act whose form is faulty is on a topic.
        """
        with mongodb_errors_as_outage():
            found = await self._acts.find_one({"_id": act_id})
        if found is None:
            raise NotFound
        published = found.get("published", True)
        act = Act(
            found["_id"],
            found["type"],
            Subject(**found["subject"]),
            found["by"],
            found["at"],
            published=published,
            interrupted=not published and found["begun_until"] < self._now(),
        )
        return await self._answered(act, found.get("first", 0), refusals=refusals)

    async def _answered(self, act: Act, first: int, *, refusals: bool) -> Act:
        subject = act.subject
        async with self._owners.asked() as services:
            owner = services[subject.service]
            history = await owner.history(subject.kind, subject.id, first=first)
        entry = _entry_of(act.id, history)
        if entry is not None and (entry.events or not _refuses_elsewhere(subject)):
            return _with(act, [(it.type, it.data) for it in entry.events])
        refused = await self._refusals.of(act.id) if refusals else None
        return act if refused is None else _with(act, [(AgentActionRefused.ce_type, refused)])

    def _envelope(self, act_id: str, event: AgentAction) -> Envelope:
        return codec.envelope(
            act_id,
            event.ce_type,
            codec.dump(event),
            source=SOURCE,
            subject=subject_of(event).id,
            at=self._now(),
            causation_id=None,
            correlation_id=None,
            traceparent=current_traceparent(),
        )

    async def _begins(self, act_id: str, event: AgentAction) -> bool:
        """False where the act was published before. Raises `RecordChanged`."""
        subject, said = subject_of(event), _digest(event)
        while True:
            now = self._now()
            document = {
                "_id": act_id,
                "type": event.ce_type,
                "said": said,
                "subject": {"service": subject.service, "kind": subject.kind, "id": subject.id},
                "by": event.agent_id,
                "at": now,
                "published": False,
                "begun_until": now + PUBLISHED_WITHIN,
                "until": now + KEPT,
            }
            with mongodb_errors_as_outage():
                if await insert_new(self._acts, document):
                    return True
                before = await self._acts.find_one({"_id": act_id})
            if before is None:  # what the first brought is asked for again
                continue
            if before.get("said", said) != said:
                raise RecordChanged(by=event.agent_id)
            if before.get("published", True):
                return False
            if await self._takes_over(before, now):
                return True
            await asyncio.sleep(LOOK_EVERY_S)

    async def _takes_over(self, before: Document, now: datetime) -> bool:
        """Whether the process that began the act has ended, and it is this one's now."""
        if before["begun_until"] >= now:
            return False
        left = {"_id": before["_id"], "begun_until": before["begun_until"]}
        mine = {"$set": {"begun_until": now + PUBLISHED_WITHIN}}
        with mongodb_errors_as_outage():
            return bool((await self._acts.update_one(left, mine)).modified_count)

    async def _note_published(self, act_id: str, seen: SeenRecord) -> None:
        """Notes how many entries came before the act: its answer is looked for behind them."""
        first = seen.history.entries_in_all if seen.history else 0
        if _entry_of(act_id, seen.history) is not None:
            first = 0
        with mongodb_errors_as_outage():
            change = {"$set": {"published": True, "first": first}}
            await self._acts.update_one({"_id": act_id}, change)

    async def _turn_of_another(self, act_id: str, by: str, seen: SeenRecord, steps: int) -> str:
        """Who has acted on what this act saw; nobody, and it is this one's turn."""
        now, subject = self._now(), seen.subject
        turn = f"{subject.service} {subject.kind} {subject.id} {steps}"
        mine = {"act": act_id, "by": by, "until": now + TURN}
        with mongodb_errors_as_outage():
            if await insert_new(self._turns, {"_id": turn, **mine}):
                return ""
            other = await self._turns.find_one({"_id": turn})
        if other is None:
            return "?"
        if other["act"] == act_id:
            return ""
        if other["until"] >= now and not await self._is_over(other["act"], seen):
            return str(other["by"])
        left = {"_id": turn, "act": other["act"]}
        with mongodb_errors_as_outage():
            taken = (await self._turns.update_one(left, {"$set": mine})).modified_count
        return "" if taken else str(other["by"])

    async def _is_over(self, act_id: str, seen: SeenRecord) -> bool:
        """Whether another's act needs no waiting for: it was answered, or never published."""
        if _entry_of(act_id, seen.history) is not None:
            return True
        with mongodb_errors_as_outage():
            act = await self._acts.find_one({"_id": act_id})
        if act is None:
            return True
        if not act.get("published", True):
            return bool(act["begun_until"] < self._now())
        return await self._refusals.of(act_id) is not None

    async def _forget(self, act_id: str) -> None:
        with mongodb_errors_as_outage():
            await self._turns.delete_many({"act": act_id})
            await self._acts.delete_one({"_id": act_id})


def _refuse_changed(now: SeenRecord, steps: int, by: str) -> None:
    """Raises `RecordChanged` where something has happened since, or is about to."""
    if by or now.steps != steps:
        raise RecordChanged(now.entries[max(0, steps) :], by)


def _entry_of(act_id: str, history: History | None) -> HistoryEntry | None:
    """Finds the owner's decision on the act in the record's history."""
    own = f"{SOURCE} {act_id}"
    entries = history.entries if history else ()
    return next((it for it in entries if it.message_id == own), None)


def _refuses_elsewhere(subject: Subject) -> bool:
    """Whether an act that left nothing in its record's history is refused, not done already.

    Intake refuses an act in a record of its own; the inquiry, if there is one, has an entry of it
    without events.
    """
    return subject.service == INTAKE


def _digest(event: AgentAction) -> str:
    return hashlib.sha256(f"{event.ce_type} {event.model_dump_json()}".encode()).hexdigest()


def _with(act: Act, events: Sequence[tuple[str, Mapping[str, Any]]]) -> Act:
    refused = next((data for it, data in events if it == AgentActionRefused.ce_type), None)
    return replace(
        act, events=events, refused=refused, decided=True, published=True, interrupted=False
    )


def _record(envelope: Envelope) -> Original:
    headers = tuple(envelope.headers)
    return Original(envelope.topic, 0, 0, envelope.key.encode(), envelope.value, headers)
