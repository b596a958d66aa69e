"""Publishes an agent's decision once, if the record is still as the page showed it.

The event itself names the agent, so it is the audit, too. A form's id is the event's: a double
click is one act. Whoever owns the record answers; that answer is what the page shows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from services.operations_console.acts import SOURCE, Publisher
from services.operations_console.owners import Owners
from services.operations_console.settings import Settings
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
from shared.kafka.topic_records import Window, records_on
from shared.mongo.client import Database
from shared.mongo.errors import mongodb_errors_as_outage
from shared.mongo.indexes import create_indexes_on
from shared.mongo.writes import insert_new
from shared.operations.dead_letters.letter import Original
from shared.operations.decoded_record import decoded
from shared.operations.inquiries import INQUIRY, inquiry_named
from shared.runtime import codec
from shared.runtime.operations.answers import Foreseen, History, HistoryEntry
from shared.telemetry.tracing import current_traceparent
from shared.web.pages import NotFound

KEPT = timedelta(days=30)
TURN = timedelta(seconds=30)
"""How long an act that nobody has answered keeps others from the same record."""
REJECTIONS = "desk.rejections"
CLOCK_MAY_DIFFER = timedelta(minutes=5)
FILE, CONTRACT, CUSTOMER = "file", "contract", "customer"
MAIL = "mail."


@dataclass(frozen=True, slots=True)
class Subject:
    """The record that an act is about, and the service that owns it."""

    service: str
    kind: str
    id: str


@dataclass(frozen=True, slots=True)
class Seen:
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
class Changed(Exception):
    """The record is not as the page showed it: nothing was published.

    `since` is what happened to it; `by` is another agent who has just acted on it.
    """

    since: Sequence[HistoryEntry] = ()
    by: str = ""


@dataclass(frozen=True, slots=True)
class Act:
    """An act that was published, and what came of it: events, a refusal, or nothing yet."""

    id: str
    type: str
    subject: Subject
    by: str
    at: datetime
    events: Sequence[tuple[str, Mapping[str, Any]]] = ()
    refused: Mapping[str, Any] | None = None
    decided: bool = False

    @property
    def is_final(self) -> bool:
        return self.decided or self.refused is not None


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
        settings: Settings,
        database: Database,
        publisher: Publisher,
        now: Callable[[], datetime],
    ) -> None:
        self._settings = settings
        self._owners = Owners(settings)
        self._acts = database.collection("agent_acts")
        self._turns = database.collection("agent_turns")
        self._publisher = publisher
        self._now = now

    async def prepare(self) -> None:
        """Create the indexes that are missing."""
        with mongodb_errors_as_outage():
            await create_indexes_on(self._acts, [], expires_on="until")
            await create_indexes_on(self._turns, [], expires_on="until")

    async def inquiry(self, named: str) -> Seen:
        """An inquiry by its reference or id. Raises `NoSuchInquiry`, `ServiceError`."""
        async with self._owners.asked() as services:
            found = await inquiry_named(services[INTAKE], named)
        return Seen(Subject(INTAKE, INQUIRY, found.id), found)

    async def seen(self, subject: Subject) -> Seen:
        """The record as it stands. Raises `ServiceError`."""
        async with self._owners.asked() as services:
            return Seen(subject, await services[subject.service].history(subject.kind, subject.id))

    async def foreseen(self, act_id: str, event: AgentAction) -> Foreseen:
        """Asks the record's owner what it would decide on the act. Raises `ServiceError`."""
        record = _record(self._envelope(act_id, event))
        async with self._owners.asked() as services:
            [foreseen] = await services[subject_of(event).service].dry_run([record])
        return foreseen

    async def publish(self, act_id: str, event: AgentAction, steps: int) -> None:
        """Publish the act if nothing has happened to the record since `steps`.

        Returns once the broker has acknowledged it, and for an act that was published before.
        Raises `Changed`, `ServiceError`.
        """
        subject = subject_of(event)
        if not await self._is_first(act_id, event, subject):
            return
        try:
            other = await self._turn_of_another(act_id, event.agent_id, subject, steps)
            _refuse_changed(await self.seen(subject), steps, other)
            await self._publisher.publish([self._envelope(act_id, event)])
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
        act = Act(
            found["_id"],
            found["type"],
            Subject(**found["subject"]),
            found["by"],
            found["at"],
        )
        return await self._answered(act, refusals=refusals)

    async def _answered(self, act: Act, *, refusals: bool) -> Act:
        history = (await self.seen(act.subject)).history
        own = f"{SOURCE} {act.id}"
        for entry in history.entries if history else ():
            if entry.message_id == own:
                return _with(act, [(it.type, it.data) for it in entry.events])
        refused = await self._refusal(act) if refusals else None
        return act if refused is None else _with(act, [(AgentActionRefused.ce_type, refused)])

    async def _refusal(self, act: Act) -> Mapping[str, Any] | None:
        window = Window(since=act.at - CLOCK_MAY_DIFFER)
        async for record in records_on(self._settings, [REJECTIONS], window):
            found = decoded(record)
            if found.type == AgentActionRefused.ce_type and found.data.get("action_id") == act.id:
                return found.data
        return None

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

    async def _is_first(self, act_id: str, event: AgentAction, subject: Subject) -> bool:
        now = self._now()
        document = {
            "_id": act_id,
            "type": event.ce_type,
            "subject": {"service": subject.service, "kind": subject.kind, "id": subject.id},
            "by": event.agent_id,
            "at": now,
            "until": now + KEPT,
        }
        with mongodb_errors_as_outage():
            return await insert_new(self._acts, document)

    async def _turn_of_another(self, act_id: str, by: str, subject: Subject, steps: int) -> str:
        """Who has acted on what this act saw; nobody, and it is this one's turn."""
        now = self._now()
        turn = f"{subject.service} {subject.kind} {subject.id} {steps}"
        mine = {"act": act_id, "by": by, "until": now + TURN}
        with mongodb_errors_as_outage():
            if await insert_new(self._turns, {"_id": turn, **mine}):
                return ""
            left = {"_id": turn, "until": {"$lt": now}}
            if (await self._turns.update_one(left, {"$set": mine})).modified_count:
                return ""
            other = await self._turns.find_one({"_id": turn})
        return str(other["by"]) if other else "?"

    async def _forget(self, act_id: str) -> None:
        with mongodb_errors_as_outage():
            await self._turns.delete_many({"act": act_id})
            await self._acts.delete_one({"_id": act_id})


def _refuse_changed(now: Seen, steps: int, by: str) -> None:
    """Raises `Changed` where something has happened since, or is about to."""
    if by or now.steps != steps:
        raise Changed(now.entries[max(0, steps) :], by)


def _with(act: Act, events: Sequence[tuple[str, Mapping[str, Any]]]) -> Act:
    refused = next((data for it, data in events if it == AgentActionRefused.ce_type), None)
    return Act(act.id, act.type, act.subject, act.by, act.at, events, refused, decided=True)


def _record(envelope: Envelope) -> Original:
    headers = tuple(envelope.headers)
    return Original(envelope.topic, 0, 0, envelope.key.encode(), envelope.value, headers)
