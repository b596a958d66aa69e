"""Sends the portal's submissions to the desk: kept first, then published, so that none is lost.

A submission's id was made when its form was loaded and is its `ce_id`: sent twice, it is one
request. It is kept as `sending`, however long that takes; if Kafka does not acknowledge it in time,
the page says so and the relay publishes it later under the same id.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog

from services.customer_portal.hand_over import SOURCE, NotTaken
from services.customer_portal.projections import submission_key
from shared.events.submissions import Submission
from shared.kafka.records import Envelope
from shared.mongo.client import Database, Document
from shared.mongo.errors import mongodb_errors_as_outage
from shared.mongo.indexes import create_indexes_on
from shared.mongo.writes import insert_new
from shared.outage import Outage
from shared.runtime import codec
from shared.runtime.backoff import Backoff, sleep_unless
from shared.telemetry.tracing import current_traceparent
from shared.web.pages import NotFound
from shared.web.sessions import Holder, Session, Visitor

log: structlog.stdlib.BoundLogger = structlog.get_logger()

SENDING, SENT, REFUSED = "sending", "sent", "refused"
ACKNOWLEDGED_WITHIN_SECONDS = 3.0
"""Longer than Kafka takes, shorter than a person waits; then the page says that it waits."""
RELAY_SECONDS = 1.0
RELAY_AFTER = timedelta(seconds=5)
"""By then the request that kept a submission has published it, or has died."""
MOST_AT_ONCE = 100
MOST_REMEMBERED = 10_000
"""Submissions whose attachments could not be handed over lately."""
_OF_THE_MOMENT = frozenset({"received_at", "signed_at", "given_at", "viewed_at", "withdrawn_at"})
"""Fields that differ each time the same form is sent."""
CODE_FIELD = "activation_code"
"""It is of use to nobody once the desk has it, so it is kept no longer."""

__all__ = ["SOURCE", "AlreadySent", "Named", "Outbox", "Sent"]


class AlreadySent(Exception):
    """The form was sent before, with other contents. The first ones stand."""

    def __init__(self, submission_id: str) -> None:
        super().__init__("the form was sent before")
        self.submission_id = submission_id


class HandsOver(Protocol):
    """Brings what a submission names to where it is kept, before the submission is published."""

    async def of(self, submission: Document) -> list[Envelope]:
        """Further events to publish with it. Raises `NotTaken`, `Outage`."""
        ...


class SubmissionPublisher(Protocol):
    """Where submissions go."""

    async def publish(self, outgoing: list[Envelope]) -> None: ...


@dataclass(frozen=True, slots=True)
class Sent:
    """A submission as the portal keeps it. `about` is the inquiry that a follow-up continues.

    `refused` says why it will never be published: an attachment was not taken.
    """

    id: str
    type: str
    customer_id: str
    data: Mapping[str, Any]
    at: datetime
    sending: bool
    about: str | None = None
    refused: str | None = None
    name: tuple[str, str] | None = None
    """Source and id that another system gave it."""


@dataclass(frozen=True, slots=True)
class Named:
    """A submission that another system has named by `source` and `ce_id`, and sends as `sender`.

    `meaning` tells it from another one under the same name, as intake does: null is as good as
    absent.
    """

    sender: str
    source: str
    ce_id: str
    type: str
    customer_id: str
    data: Mapping[str, Any]
    meaning: str
    time: datetime
    traceparent: str | None = None

    @property
    def id(self) -> str:
        """That of the record which the desk makes of it, too."""
        return submission_key(self.source, self.ce_id)


class Outbox:
    """Submissions by id. Its methods raise `Outage` when the database does not answer."""

    def __init__(
        self,
        database: Database,
        publisher: SubmissionPublisher,
        hand_over: HandsOver | None = None,
        *,
        kept: timedelta,
        now: Callable[[], datetime],
    ) -> None:
        self._submissions = database.collection("submissions")
        self._publisher = publisher
        self._hand_over = hand_over
        self._kept = kept
        self._now = now
        self._failed: dict[str, None] = {}
        """Ids of those with attachments that failed, the longest ago first."""

    async def prepare(self) -> None:
        """Create the indexes that are missing."""
        with mongodb_errors_as_outage():
            await create_indexes_on(
                self._submissions, [["state", "at"], ["about"]], expires_on="until"
            )

    async def submit(
        self, session: Session, submission_id: str, event: Submission, *, about: str | None = None
    ) -> None:
        """Keep the submission and publish it. Raises `AlreadySent`, `NotFound`.

        Returns too where Kafka does not acknowledge it: then the relay publishes it later.
        """
        document = await self.keep(session, submission_id, event, about=about)
        if document is not None:
            await self._send(document)

    async def submit_named(self, named: Named) -> None:
        """The same for another system's. Raises `AlreadySent`, `NotFound`."""
        document = {
            "_id": named.id,
            "type": named.type,
            "visitor": named.sender,
            "holder": None,
            "customer_id": named.customer_id,
            "data": dict(named.data),
            "digest": named.meaning,
            "at": self._now(),
            "state": SENDING,
            "about": None,
            "source": named.source,
            "ce_id": named.ce_id,
            "time": named.time,
            "traceparent": current_traceparent() or named.traceparent,
        }
        if await self._is_first(document):
            await self._send(document)

    async def read_named(self, submission_id: str, sender: str) -> Sent:
        """A submission of the other system. Raises `NotFound` for anybody else's."""
        with mongodb_errors_as_outage():
            found = await self._submissions.find_one({"_id": submission_id, "visitor": sender})
        if found is None:
            raise NotFound
        return _sent(found)

    async def _send(self, document: Document) -> None:
        try:
            async with asyncio.timeout(ACKNOWLEDGED_WITHIN_SECONDS):
                await self._publish([document])
        except (Outage, TimeoutError):
            log.warning("a submission waits for kafka or the archive", type=document["type"])

    async def keep(
        self, session: Session, submission_id: str, event: Submission, *, about: str | None = None
    ) -> Document | None:
        """Keep the submission for the relay to publish. Raises `AlreadySent`, `NotFound`.

        None where it was kept before.
        """
        data = codec.dump(event)
        document = {
            "_id": submission_id,
            "type": event.ce_type,
            "visitor": session.visitor.key,
            "holder": _holder(session.holder),
            "customer_id": event.customer_id,
            "data": data,
            "digest": _digest(event.ce_type, data),
            "at": self._now(),
            "state": SENDING,
            "about": about,
            "has_documents": bool(data.get("documents")),
            "traceparent": current_traceparent(),
        }
        return document if await self._is_first(document) else None

    async def _is_first(self, document: Document) -> bool:
        """False where it was kept before. Raises `AlreadySent`, `NotFound`."""
        with mongodb_errors_as_outage():
            if await insert_new(self._submissions, document):
                return True
            await self._compare(document)
        return False

    async def _compare(self, document: Document) -> None:
        kept = await self._submissions.find_one({"_id": document["_id"]})
        if kept is None or _sender(kept) != _sender(document):
            raise NotFound
        if kept["digest"] != document["digest"]:
            raise AlreadySent(document["_id"])

    async def read(self, submission_id: str, visitor: Visitor, holder: Holder | None) -> Sent:
        """A submission of this browser or this customer. Raises `NotFound` for anybody else's.

        What was sent while signed in is seen while signed in: the id that the browser had before is
        worth nothing.
        """
        with mongodb_errors_as_outage():
            found = await self._submissions.find_one({"_id": submission_id})
        if found is None or not _may_read(found, visitor, holder):
            raise NotFound
        return _sent(found)

    async def follow_ups(self, holder: Holder, inquiry_id: str) -> list[Sent]:
        """The customer's submissions about an inquiry, oldest first."""
        wanted = {"about": inquiry_id, "customer_id": holder.customer_id}
        with mongodb_errors_as_outage():
            found = await self._submissions.find(wanted).sort("at", 1).to_list(MOST_AT_ONCE)
        return [_sent(it) for it in found]

    async def relay(self, stopping: asyncio.Event, longest_pause: float) -> None:
        """Publish what waits, until `stopping` is set. Several processes may do it at once."""
        pauses = Backoff(longest_pause, stopping)
        while not stopping.is_set():
            try:
                await self.publish_waiting()
            except Outage:
                await pauses.pause()
            else:
                pauses.reset()
                await sleep_unless(stopping, RELAY_SECONDS)

    async def publish_waiting(self) -> None:
        """Publish once what has waited for some seconds, oldest first. Raises `Outage`.

        What has attachments goes after the rest, and what failed before goes last: neither an
        archive that does not answer nor a file that it cannot deal with holds up the others.
        """
        await self._publish(await self._waiting(attached=False, of={}))
        for document in await self._waiting(attached=True, of={"$nin": [*self._failed]}):
            await self._try(document)
        again = [*self._failed][:MOST_AT_ONCE]
        found = {it["_id"]: it for it in await self._waiting(attached=True, of={"$in": again})}
        for submission_id in again:
            if submission_id in found:
                await self._try(found[submission_id])
            else:  # another process has published it
                self._failed.pop(submission_id)

    async def _waiting(self, *, attached: bool, of: Document) -> list[Document]:
        # What an earlier release kept says nothing about documents: it has none.
        kinds = {"$in": [True] if attached else [False, None]}
        before = {"$lt": self._now() - RELAY_AFTER}
        waiting = {"state": SENDING, "at": before, "has_documents": kinds}
        if of:
            waiting["_id"] = of
        with mongodb_errors_as_outage():
            return await self._submissions.find(waiting).sort("at", 1).to_list(MOST_AT_ONCE)

    async def _try(self, document: Document) -> None:
        self._failed.pop(document["_id"], None)
        try:
            await self._publish([document])
        except Outage:
            self._failed[document["_id"]] = None
            if len(self._failed) > MOST_REMEMBERED:
                self._failed.pop(next(iter(self._failed)))
            raise

    async def _publish(self, documents: list[Document]) -> None:
        if not documents:
            return
        try:
            attached = [it for document in documents for it in await self._handed_over(document)]
        except NotTaken as refusal:
            [refused] = documents
            await self._refuse(refused["_id"], str(refusal))
            return
        await self._publisher.publish([*attached, *(_envelope(it) for it in documents)])
        ids = [it["_id"] for it in documents]
        with mongodb_errors_as_outage():
            await self._submissions.update_many(
                {"_id": {"$in": ids}},
                {
                    "$set": {"state": SENT, "until": self._now() + self._kept},
                    "$unset": {f"data.{CODE_FIELD}": ""},
                },
            )

    async def _handed_over(self, document: Document) -> list[Envelope]:
        """The claim checks of its attachments, once the archive has their bytes."""
        if self._hand_over is None or not document.get("has_documents"):
            return []
        return await self._hand_over.of(document)

    async def _refuse(self, submission_id: str, cause: str) -> None:
        """It is not published: it speaks of an attachment that nobody keeps."""
        refused = {"state": REFUSED, "refusal": cause, "until": self._now() + self._kept}
        with mongodb_errors_as_outage():
            await self._submissions.update_one({"_id": submission_id}, {"$set": refused})
        log.warning("a submission is not sent: an attachment was not taken", cause=cause)


def _holder(holder: Holder | None) -> str | None:
    return None if holder is None else holder.customer_id


def _sender(document: Document) -> tuple[str, str | None]:
    return document["visitor"], document.get("holder")


def _may_read(found: Document, visitor: Visitor, holder: Holder | None) -> bool:
    if "source" in found:
        return False  # another system's, which reads it by itself
    sent_by = found.get("holder")
    if holder is not None and holder.customer_id in (sent_by, found["customer_id"]):
        return True
    return sent_by is None and bool(found["visitor"] == visitor.key)


def _envelope(document: Document) -> Envelope:
    """The same bytes each time: a repeat is the same event."""
    data = document["data"]
    return codec.envelope(
        document.get("ce_id") or document["_id"],
        document["type"],
        data,
        source=document.get("source", SOURCE),
        subject=document["customer_id"],
        at=document.get("time") or datetime.fromisoformat(data["received_at"]),
        causation_id=None,
        correlation_id=None,
        traceparent=document.get("traceparent"),
    )


def _sent(found: Document) -> Sent:
    return Sent(
        id=found["_id"],
        type=found["type"],
        customer_id=found["customer_id"],
        data=found["data"],
        at=found["at"],
        sending=found["state"] == SENDING,
        about=found["about"],
        name=(found["source"], found["ce_id"]) if "source" in found else None,
        refused=found.get("refusal"),
    )


def _digest(ce_type: str, data: Mapping[str, Any]) -> str:
    """Identifies a request: all that the customer said, not when."""
    said = json.dumps(_without_moments(dict(data)), sort_keys=True)
    return hashlib.sha256(f"{ce_type}\n{said}".encode()).hexdigest()


def _without_moments(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: _without_moments(it) for name, it in value.items() if name not in _OF_THE_MOMENT
        }
    return [_without_moments(it) for it in value] if isinstance(value, list | tuple) else value
