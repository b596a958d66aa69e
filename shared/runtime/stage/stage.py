"""The five steps on a batch: read, decide, store, publish; the caller consumes and commits."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import chain
from typing import Any

import structlog

from shared.events.envelope import Event, Message, Ref, caused_event_id, message_uuid
from shared.events.internal import KeyForgotten, TimerDue
from shared.events.operations import DeadLetterDiscarded
from shared.events.topics import TOPIC_OF, TOPICS
from shared.mongo.client import Document
from shared.mongo.encoding import Encoded, encode
from shared.runtime import codec
from shared.runtime.aggregates.aggregate import OUTCOMES, Aggregate
from shared.runtime.aggregates.document_mapper import MB, Unstorable
from shared.runtime.aggregates.port import AggregateStore
from shared.runtime.aggregates.store import ALARM_BYTES, Conflict, Taken
from shared.runtime.aggregates.unpublished import GroupProgress, UnpublishedEntries
from shared.runtime.clock import clock_source
from shared.runtime.codec import NO_OVERRIDES, Envelope, Record, Sources
from shared.runtime.dead_letters import DeadLetter
from shared.runtime.decider import IGNORED, Route, Service
from shared.runtime.faults import NewerRelease, Unreadable, described
from shared.runtime.public_states import PublicStates
from shared.runtime.publisher import Publisher
from shared.runtime.reason import Reason
from shared.runtime.stage.lanes import lanes_of
from shared.runtime.stage.origin import trace
from shared.runtime.timers import Objection, acting_now, objection_to
from shared.telemetry.metrics import Metrics

log: structlog.stdlib.BoundLogger = structlog.get_logger()

LANE_LETTERS = 125
BREATH_SECONDS = 0.025
"""How long a batch computes at a stretch; a health page answers within a few of these."""
ROUND_BYTES = MB


def utc_now() -> datetime:
    """The current instant, to the millisecond: what MongoDB keeps and events repeat."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


@dataclass(frozen=True, slots=True)
class IncomingMessage:
    """A readable record on its way through the batch."""

    record: Record
    read: codec.Read
    message_id: str
    """The identity by which consumers deduplicate."""
    decides: tuple[Ref, ...]
    reads: tuple[Ref, ...]
    aliases: tuple[Ref, ...] = ()


@dataclass(slots=True)
class Batch:
    """What one pass over the records of a lane has decided so far.

    `before` holds the states as they were read, `states` as they are now. `answered` holds, for
    each aggregate that a message was decided in, the keys of its entries. `taken` counts the
    incoming it has got through; what is left of the lane is for the next round.
    """

    at: datetime
    aggregates: dict[Ref, Aggregate] = field(default_factory=dict)
    before: dict[Ref, Any] = field(default_factory=dict)
    states: dict[Ref, Any] = field(default_factory=dict)
    attempts: Mapping[Ref, int] = field(default_factory=dict)
    answered: dict[Ref, set[tuple[str, str]]] = field(default_factory=lambda: defaultdict(set))
    outgoing: list[Envelope | DeadLetter] = field(default_factory=list)
    fates: Counter[str] = field(default_factory=Counter)
    alarms: list[tuple[Ref, str]] = field(default_factory=list)
    taken: int = 0

    def count(self, fate: str) -> None:
        self.fates[fate] += 1

    def add(self, found: Mapping[Ref, Aggregate]) -> None:
        """Aggregates as they were just read."""
        for ref, aggregate in found.items():
            self.aggregates[ref] = aggregate
            self.before[ref] = self.states[ref] = aggregate.state


class Breath:
    """Lets everything else run (health, leases, other lanes) whenever a batch has taken a while."""

    def __init__(self) -> None:
        self._since = time.perf_counter()

    async def taken(self) -> None:
        if time.perf_counter() - self._since > BREATH_SECONDS:
            await asyncio.sleep(0)
            self._since = time.perf_counter()


class Stage:
    """One service's five steps. It holds no state between batches."""

    def __init__(
        self,
        service: Service,
        store: AggregateStore,
        publisher: Publisher,
        progress: GroupProgress,
        metrics: Metrics,
        *,
        clock: Callable[[], datetime] = utc_now,
        sources: Sources = NO_OVERRIDES,
        work_is_due: Callable[[], None] = lambda: None,
    ) -> None:
        self._service = service
        self._store = store
        self._publisher = publisher
        self._publications = UnpublishedEntries(progress)
        self._metrics = metrics
        self._clock = clock
        self._sources = sources
        self._work_is_due = work_is_due
        self._states = PublicStates(service, store, publisher)
        self._source = f"/services/{service.name}"
        self._kinds = frozenset(decider.kind for decider in service.deciders)
        self._reading = {it.kind: it.reads for it in service.deciders if it.reads is not None}

    async def process(self, records: Sequence[Record]) -> set[Ref]:
        """Decide, store and publish `records`; afterwards their offsets may be committed.

        Returns the aggregates that they were decided in.
        May be called again with the same records: what was stored is published again, unchanged.
        Raises `Outage` when nothing may be committed, `ProducerDead` when the process must end.
        """
        steps: dict[str, float] = {}
        at = self._clock()
        with self._timed("decode", steps):
            incoming, unreadable = await self._decode(records, at)
            incoming = await self._looked_up(incoming)
            lanes = lanes_of(incoming, _touched, length=LANE_LETTERS)
        if unreadable:
            with self._timed("publish", steps):
                await self._publisher.publish(unreadable)
        rounds = await _all(self._answer(lane, at, steps) for lane in lanes)
        batches = list(chain.from_iterable(rounds))
        self._account(records, [Batch(at, outgoing=[*unreadable]), *batches], steps)
        return {ref for batch in batches for ref in batch.answered}

    async def _answer(
        self, incoming: Sequence[IncomingMessage], at: datetime, steps: dict[str, float]
    ) -> list[Batch]:
        """Decide, store and publish one lane; other lanes go on meanwhile.

        In rounds, so that no document has to take more than `ROUND_BYTES` of history at a time.
        """
        rounds: list[Batch] = []
        while incoming:
            batch = await self._decide_and_store(incoming, at, steps)
            with self._timed("publish", steps):
                batch.outgoing += await self._unpublished(batch)
                batch.outgoing += self._changed_states(batch)
                await self._publisher.publish(batch.outgoing)
            self._publications.note(batch.answered)
            rounds.append(batch)
            incoming = incoming[batch.taken :]
        return rounds

    async def _decide_and_store(
        self, incoming: Sequence[IncomingMessage], at: datetime, steps: dict[str, float]
    ) -> Batch:
        """One round of a lane: as many of its incoming as `Batch.taken` says, at least one."""
        unstorable: dict[Ref, str] = {}
        attempts: Counter[Ref] = Counter()
        while True:
            batch = Batch(at, attempts=attempts)
            with self._timed("read", steps):
                await self._read(incoming, batch)
            aggregates = batch.aggregates
            with self._timed("decide", steps):
                breath = Breath()
                for letter in incoming:
                    await breath.taken()
                    await self._read_further([letter], batch)
                    self._decide(letter, batch, unstorable)
                    batch.taken += 1
                    if any(aggregates[ref].added_bytes > ROUND_BYTES for ref in letter.decides):
                        break
            try:
                with self._timed("store", steps):
                    await trace(aggregates.values(), self._store)
                    await self._store.write(aggregates.values(), self._publications)
            except Conflict:
                self._metrics.conflicts.inc()
            except Taken as fault:
                attempts[fault.ref] += 1
            except Unstorable as fault:
                unstorable[fault.ref] = fault.error
            else:
                self._stored(aggregates.values(), at)
                return batch

    def _stored(self, aggregates: Iterable[Aggregate], at: datetime) -> None:
        """Wake the worker for what is due now; say what has become large."""
        touched = [aggregate for aggregate in aggregates if aggregate.touched]
        if any(self._wants_work(aggregate, at) for aggregate in touched):
            self._work_is_due()
        for aggregate in touched:
            self._metrics.seen_document(aggregate.ref.kind, aggregate.bytes)
            if aggregate.bytes >= ALARM_BYTES:
                log.error(
                    "document too large",
                    kind=aggregate.ref.kind,
                    aggregate=aggregate.ref.id,
                    bytes=aggregate.bytes,
                )

    def _wants_work(self, aggregate: Aggregate, at: datetime) -> bool:
        """Whether what was just stored has a side effect that is due now."""
        if aggregate.state is None:
            return False
        work_at = self._store.decider(aggregate.ref.kind).work_at(aggregate.state)
        return work_at is not None and work_at <= at

    async def _decode(
        self, records: Sequence[Record], at: datetime
    ) -> tuple[list[IncomingMessage], list[DeadLetter]]:
        incoming: list[IncomingMessage] = []
        unreadable: list[DeadLetter] = []
        breath = Breath()
        for record in records:
            await breath.taken()
            try:
                read = codec.read(record, self._sources)
                route = self._route(read.message)
            except Unreadable as fault:
                unreadable.append(self._dead(record, fault.reason, fault.error, at))
            except Exception as defect:  # noqa: BLE001 - whatever our own code raises is a defect
                unreadable.append(self._dead(record, Reason.DEFECT, described(defect), at))
            else:
                message_id = f"{read.message.source} {read.message.id}"
                incoming.append(
                    IncomingMessage(
                        record, read, message_id, route.decides, route.reads, route.aliases
                    )
                )
        return incoming, unreadable

    async def _looked_up(self, incoming: list[IncomingMessage]) -> list[IncomingMessage]:
        """Name by its id what a route names by an alias."""
        aliases = {alias for letter in incoming for alias in letter.aliases}
        if not aliases:
            return incoming
        found = await self._store.look_up(aliases)
        return [
            replace(letter, decides=(*letter.decides, *_found(letter.aliases, found)))
            for letter in incoming
        ]

    def _route(self, message: Message) -> Route:
        match message.data:
            case DeadLetterDiscarded(service=name, kind=str(kind), aggregate=str(waiting)):
                mine = name == self._service.name and kind in self._kinds
                return Route((Ref(kind, waiting),)) if mine else IGNORED
            case DeadLetterDiscarded():
                return IGNORED
            case KeyForgotten() as forgotten:
                return self._route_forgotten(forgotten)
            case TimerDue() as timer:
                return self._route_timer(message, timer)
        return self._service.route(message)

    def _route_forgotten(self, forgotten: KeyForgotten) -> Route:
        kinds = [one.kind for one in self._service.deciders if one.replica_of == forgotten.topic]
        return Route(tuple(Ref(kind, forgotten.key) for kind in kinds if forgotten.key))

    def _route_timer(self, message: Message, timer: TimerDue) -> Route:
        """To the record that asked for it; earlier releases named no kind, having but one each."""
        if timer.owner != self._service.name:
            return IGNORED
        if message.source != clock_source(self._service.name):
            raise Unreadable(Reason.UNREADABLE, "header ce_source is not this service's clock")
        kinds = self._service.kinds_with_timers
        named = kinds[:1] if timer.kind is None else (timer.kind,)
        return Route(tuple(Ref(kind, timer.id) for kind in named if kind in kinds))

    async def _read(self, incoming: Sequence[IncomingMessage], batch: Batch) -> None:
        """What the routes name, then what the Deciders want to see besides: two queries a kind."""
        ids = [letter.message_id for letter in incoming]
        refs = [ref for letter in incoming for ref in (*letter.decides, *letter.reads)]
        batch.add(await self._store.read(refs, ids))
        await self._read_further(incoming, batch)

    async def _read_further(self, incoming: Sequence[IncomingMessage], batch: Batch) -> None:
        """What the Deciders want to see besides, by the states that the batch has come to.

        All of it was read with the batch, unless a message of the batch made a Decider want more.
        """
        if not self._reading:
            return
        further = {ref for it in incoming for ref in self._further(it, it.decides, batch.states)}
        missing = further.difference(batch.aggregates)
        if missing:
            batch.add(await self._store.read(missing))

    def _further(
        self, letter: IncomingMessage, decides: Iterable[Ref], states: Mapping[Ref, Any]
    ) -> Iterator[Ref]:
        for ref in decides:
            reads = self._reading.get(ref.kind)
            if reads is not None and states[ref] is not None:
                yield from reads(states[ref], letter.read.message)

    def _decide(self, letter: IncomingMessage, batch: Batch, unstorable: Mapping[Ref, str]) -> None:
        """Decide one message in all its aggregates, or in none of them."""
        if not letter.decides:
            return batch.count("ignored")
        if isinstance(letter.read.message.data, DeadLetterDiscarded):
            return self._discard(letter, letter.read.message.data, batch)
        if isinstance(letter.read.message.data, KeyForgotten):
            return self._forget(letter, batch)
        if isinstance(letter.read.message.data, TimerDue):
            objection = self._objection_to(letter, batch)
            if objection is not None:
                return self._drop(letter, objection, batch)
        decided: list[tuple[Aggregate, Document, Any, Encoded]] = []
        named = {ref: batch.states[ref] for ref in (*letter.decides, *letter.reads)}
        for ref in letter.decides:
            aggregate = batch.aggregates[ref]
            known = self._known(letter, aggregate)
            if known is not None and self._store.knows(known):
                aggregate.forgo(letter.message_id)
                continue
            if not aggregate.may_decide(letter.message_id):
                return self._block(aggregate, letter, batch)
            further = {it: batch.states[it] for it in self._further(letter, (ref,), batch.states)}
            if (newer := _newer(batch, (ref, *letter.reads, *further))) is not None:
                return self._park(aggregate, letter, batch, str(NewerRelease(newer)))
            try:
                entry, state = self._decided(letter, aggregate, further | named, batch)
                encoded = encode(entry)
            except Exception as defect:  # noqa: BLE001 - whatever a Decider raises is a defect
                return self._park(aggregate, letter, batch, described(defect))
            if ref in unstorable:
                return self._park(aggregate, letter, batch, unstorable[ref])
            named[ref] = state
            decided.append((aggregate, entry, state, encoded))
        for aggregate, entry, state, encoded in decided:
            aggregate.record(entry, state, encoded)
            batch.alarms += self._alarms(aggregate.ref, entry)
            batch.states[aggregate.ref] = state
        batch.count("decided" if decided else "repeated")
        for ref in letter.decides:
            known = self._known(letter, batch.aggregates[ref])
            assert known is not None
            batch.answered[ref].add((known["message_id"], known["digest"]))
        return None

    def _objection_to(self, timer: IncomingMessage, batch: Batch) -> Objection | None:
        """Against a timer in the aggregates that it was not decided in yet."""
        for ref in timer.decides:
            aggregate, due_at = (batch.aggregates[ref], self._store.decider(ref.kind).due_at)
            if aggregate.newer:
                return Objection.NEWER
            if self._known(timer, aggregate) is None:
                due = None if aggregate.state is None else due_at(aggregate.state)
                objection = objection_to(timer.read.message, due, batch.at)
                if objection is not None:
                    return objection
        return None

    def _drop(self, timer: IncomingMessage, objection: Objection, batch: Batch) -> None:
        """Let it pass without a trace in any history; where it waited, it waits no more."""
        for ref in timer.decides:
            batch.aggregates[ref].forgo(timer.message_id)
        batch.count(objection.value)
        if objection is Objection.PREMATURE:
            record = timer.record
            place = {"partition": record.partition, "offset": record.offset}
            log.warning("premature timer", topic=record.topic, **place)

    def _known(self, letter: IncomingMessage, aggregate: Aggregate) -> Document | None:
        """The history entry of this message, if it was decided before, in these words or others."""
        message_id, digest = letter.message_id, letter.read.digest
        if not self._store.decider(aggregate.ref.kind).answers_reused_ids:
            digest = aggregate.digests.get(message_id, digest)
        known = aggregate.known.get((message_id, digest))
        return known or aggregate.meanings.get((message_id, letter.read.meaning))

    def _decided(
        self,
        letter: IncomingMessage,
        aggregate: Aggregate,
        replicas: Mapping[Ref, Any],
        batch: Batch,
    ) -> tuple[Document, Any]:
        decider = self._store.decider(aggregate.ref.kind)
        message = replace(
            letter.read.message,
            id_reused=letter.message_id in aggregate.digests,
            attempt=batch.attempts.get(aggregate.ref, 0),
            aggregate=aggregate.ref,
            replicas=replicas,
        )
        events = decider.decide(message, aggregate.state, acting_now(message, batch.at))
        state = aggregate.state
        for event in events:
            state = decider.evolve(state, event)
        return self._entry(letter, aggregate.ref, events, batch.at), state

    def _alarms(self, ref: Ref, entry: Document) -> Iterator[tuple[Ref, str]]:
        """What operations should hear of in what was just decided."""
        alarming = {event.ce_type for event in self._store.decider(ref.kind).alarms}
        if alarming:
            types = (str(event["type"]) for event in entry["events"])
            yield from ((ref, ce_type) for ce_type in types if ce_type in alarming)

    def _entry(
        self, letter: IncomingMessage, ref: Ref, events: Sequence[Event], at: datetime
    ) -> Document:
        message, record = letter.read.message, letter.record
        cause = message_uuid(message.source, message.id)
        owner = f"{self._source} {ref.kind} {ref.id} {letter.read.digest}"
        entry: Document = {
            "message_id": letter.message_id,
            "digest": letter.read.digest,
            "topic": record.topic,
            "partition": record.partition,
            "offset": record.offset,
            "at": at,
            "causation_id": message.id,
            "correlation_id": _led_by(letter),
            "events": [
                {
                    "id": caused_event_id(cause, owner, index),
                    "type": event.ce_type,
                    "data": codec.dump(event),
                }
                for index, event in enumerate(events, start=1)
            ],
        }
        if letter.read.meaning != letter.read.digest:
            entry["meaning"] = letter.read.meaning
        if message.traceparent:
            entry["traceparent"] = message.traceparent
        return entry

    async def _unpublished(self, batch: Batch) -> list[Envelope]:
        """Of every aggregate answered: what may not have been published, in its history's order.

        That is what this batch answers, and whatever lies beyond the committed offsets: another
        process may have died between storing and publishing it.
        """
        entries = [
            (ref, key, entry)
            for ref, answered in batch.answered.items()
            if self._store.decider(ref.kind).publishes
            for key, entry in batch.aggregates[ref].known.items()
            if entry["events"]
        ]
        lacking = await self._publications.lacking(
            (ref, entry) for ref, key, entry in entries if key not in batch.answered[ref]
        )
        for ref, key in lacking:
            batch.answered[ref].add(key)
        return [
            envelope
            for ref, key, entry in entries
            if key in batch.answered[ref]
            for envelope in self._envelopes(ref, entry)
        ]

    def _changed_states(self, batch: Batch) -> Iterator[Envelope]:
        """Of every aggregate answered: its public state as it is now, if it may be news."""
        for ref, answered in batch.answered.items():
            aggregate = batch.aggregates[ref]
            fresh = {(entry["message_id"], entry["digest"]) for entry in aggregate.added}
            repeats = (aggregate.known[key] for key in answered - fresh)
            again = any(entry["events"] for entry in repeats)
            yield from self._states.envelopes(aggregate, batch.before[ref], always=again)

    def _envelopes(self, ref: Ref, entry: Document) -> Iterator[Envelope]:
        for stored in entry["events"]:
            if stored["type"] in TOPIC_OF:
                yield codec.envelope(
                    stored["id"],
                    stored["type"],
                    stored["data"],
                    source=self._source,
                    subject=ref.id,
                    at=entry["at"],
                    causation_id=entry["causation_id"],
                    correlation_id=stored.get("correlation_id", entry["correlation_id"]),
                    traceparent=entry.get("traceparent"),
                )

    def _discard(
        self, letter: IncomingMessage, discarded: DeadLetterDiscarded, batch: Batch
    ) -> None:
        """An operator gave up a message that waited: it counts as decided, and nothing happens."""
        [ref] = letter.decides
        aggregate = batch.aggregates[ref]
        if aggregate.newer:
            return self._give_up(letter, batch, Reason.DEFECT, str(NewerRelease(ref)))
        if discarded.message_id is None or not aggregate.waits_for(discarded.message_id):
            return batch.count("ignored")
        entry = self._entry(letter, ref, (), batch.at)
        entry |= {"message_id": discarded.message_id, "digest": discarded.digest or ""}
        aggregate.record(entry, aggregate.state)
        return batch.count("discarded")

    def _forget(self, letter: IncomingMessage, batch: Batch) -> None:
        """A tombstone empties what the topic's readers keep under its key.

        It never waits in a line: what waits there is forgotten as well.
        """
        forgetting = [
            batch.aggregates[ref]
            for ref in letter.decides
            if self._known(letter, batch.aggregates[ref]) is None
        ]
        for aggregate in forgetting:
            aggregate.forget(self._entry(letter, aggregate.ref, (), batch.at))
            batch.states[aggregate.ref] = None
        return batch.count("decided" if forgetting else "repeated")

    def _park(
        self, aggregate: Aggregate, letter: IncomingMessage, batch: Batch, error: str
    ) -> None:
        aggregate.park(letter.message_id, error, batch.at)
        _mark_own(aggregate, letter)
        self._give_up(letter, batch, Reason.DEFECT, error)

    def _block(self, aggregate: Aggregate, letter: IncomingMessage, batch: Batch) -> None:
        """It waits behind others. Of an aggregate's timers one waits, for all say the same."""
        assert aggregate.parked is not None
        if _is_timer(letter) and aggregate.parked.timer not in (None, letter.message_id):
            return batch.count("repeated")
        aggregate.wait(letter.message_id)
        _mark_own(aggregate, letter)
        return self._give_up(letter, batch, Reason.BLOCKED, f"{aggregate.ref.kind} is parked")

    def _give_up(self, letter: IncomingMessage, batch: Batch, reason: Reason, error: str) -> None:
        batch.count("dead")
        batch.outgoing.append(self._dead(letter.record, reason, error, batch.at))

    def _dead(self, record: Record, reason: Reason, error: str, at: datetime) -> DeadLetter:
        return DeadLetter(record, self._service.name, reason, error, at)

    @contextmanager
    def _timed(self, step: str, steps: dict[str, float]) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            seconds = time.perf_counter() - started
            steps[step] = steps.get(step, 0.0) + seconds
            self._metrics.step.labels(step).observe(seconds)

    def _account(
        self, records: Sequence[Record], batches: Sequence[Batch], steps: Mapping[str, float]
    ) -> None:
        outgoing = [one for batch in batches for one in batch.outgoing]
        fates = sum((batch.fates for batch in batches), Counter[str]())
        dead = [one for one in outgoing if isinstance(one, DeadLetter)]
        events = Counter(one.type for one in outgoing if isinstance(one, Envelope))
        fates["dead"] = len(dead)
        for fate, count in fates.items():
            self._metrics.records.labels(fate).inc(count)
        for ce_type, count in events.items():
            self._metrics.events.labels(ce_type).inc(count)
        for ref, ce_type in (alarm for batch in batches for alarm in batch.alarms):
            self._metrics.alarms.labels(ce_type).inc()
            log.warning("alarm", type=ce_type, kind=ref.kind, id=ref.id)
        for letter in dead:
            self._metrics.dead_letters.labels(letter.reason.value).inc()
            log.warning(
                "dead letter",
                reason=letter.reason.value,
                error=letter.error,
                topic=letter.record.topic,
                partition=letter.record.partition,
                offset=letter.record.offset,
            )
        log.info(
            "batch",
            topics=sorted({record.topic for record in records}),
            records=len(records),
            events=events.total(),
            **fates,
            **{f"{step}_ms": round(seconds * 1000, 1) for step, seconds in steps.items()},
        )


async def _all(lanes: Iterable[Coroutine[Any, Any, list[Batch]]]) -> list[list[Batch]]:
    """What every lane has done. One that fails is raised once the others have come to an end."""
    ended = await asyncio.gather(*lanes, return_exceptions=True)
    for one in ended:
        if isinstance(one, BaseException):
            raise one
    return [one for one in ended if not isinstance(one, BaseException)]


def _newer(batch: Batch, refs: Iterable[Ref]) -> Ref | None:
    """What a newer release wrote of these, on which a decision would rest."""
    return next((ref for ref in refs if batch.aggregates[ref].newer), None)


def _is_timer(letter: IncomingMessage) -> bool:
    return isinstance(letter.read.message.data, TimerDue)


def _mark_own(aggregate: Aggregate, letter: IncomingMessage) -> None:
    """What the service itself has sent is not sent again while it waits in the line."""
    if _is_timer(letter):
        aggregate.wait_as_own(letter.message_id, "timer")
    elif letter.record.topic == OUTCOMES:
        aggregate.wait_as_own(letter.message_id, "outcome")


def _found(aliases: Iterable[Ref], found: Mapping[Ref, Ref]) -> tuple[Ref, ...]:
    return tuple(found[alias] for alias in aliases if alias in found)


def _touched(letter: IncomingMessage) -> Iterator[Ref]:
    yield from letter.decides
    yield from letter.reads


def _led_by(letter: IncomingMessage) -> str | None:
    """The id of the submission that led to the message, or None where it cannot say."""
    topic, message = TOPICS[letter.record.topic], letter.read.message
    if topic.begins:
        return message.id
    return message.correlation_id if topic.led else None
