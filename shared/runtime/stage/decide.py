"""Decide: one message in all the records that its route names, or in none of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import structlog

from shared.events.envelope import Event, Ref
from shared.events.internal import KeyForgotten, TimerDue
from shared.events.operations import DeadLetterDiscarded
from shared.mongo.client import Document
from shared.mongo.encoding import Encoded, encode
from shared.recorder import Recorded
from shared.runtime.aggregates.aggregate import OUTCOMES, Aggregate
from shared.runtime.aggregates.port import AggregateStore
from shared.runtime.dead_letters import DeadLetter
from shared.runtime.decider import Decider, Service
from shared.runtime.faults import NewerRelease, described
from shared.runtime.reason import Reason
from shared.runtime.stage.batch import Batch, IncomingMessage
from shared.runtime.stage.entry import entry_of
from shared.runtime.stage.read import Reader
from shared.runtime.timers import Objection, acting_now, objection_to

log: structlog.stdlib.BoundLogger = structlog.get_logger()


class Decisions:
    """Decides for one service, and settles what becomes of a message that cannot be decided."""

    def __init__(self, service: Service, store: AggregateStore, reader: Reader) -> None:
        self._service = service
        self._store = store
        self._reader = reader
        self._source = f"/services/{service.name}"
        self._alarming = {
            decider.kind: frozenset(event.ce_type for event in decider.alarms)
            for decider in service.deciders
        }

    def decide(
        self, received: IncomingMessage, batch: Batch, unstorable: Mapping[Ref, str]
    ) -> None:
        """Decide one message in all its aggregates, or in none of them."""
        if not received.decides:
            return batch.count("ignored")
        if isinstance(received.read.message.data, DeadLetterDiscarded):
            return self._discard(received, received.read.message.data, batch, unstorable)
        if isinstance(received.read.message.data, KeyForgotten) and self._are_copies(received):
            return self._forget(received, batch)
        if isinstance(received.read.message.data, TimerDue):
            objection = self._objection_to(received, batch)
            if objection is not None:
                return self._drop(received, objection, batch)
        decided: list[tuple[Aggregate, Document, Any, Encoded]] = []
        named = {ref: batch.states[ref] for ref in (*received.decides, *received.reads)}
        caused: frozenset[str] = frozenset()
        for ref in received.decides:
            aggregate = batch.aggregates[ref]
            known = self._known(received, aggregate)
            if known is not None and self._store.knows(known):
                aggregate.forgo(received.message_id)
                caused |= _types_in(known)
                continue
            if not aggregate.may_decide(received.message_id):
                return self._block(aggregate, received, batch)
            wanted = self._reader.further(received, (ref,), batch.states)
            further = {it: batch.states[it] for it in wanted}
            newer = _newer(batch, (ref, *received.reads, *further)) if known is None else ref
            if newer is not None:
                return self._park(aggregate, received, batch, str(NewerRelease(newer)))
            try:
                entry, state = self._decided(received, aggregate, further | named, caused, batch)
                encoded = encode(entry)
            except Exception as defect:  # noqa: BLE001 - whatever a Decider raises is a defect
                return self._park(aggregate, received, batch, described(defect))
            if ref in unstorable:
                return self._park(aggregate, received, batch, unstorable[ref])
            named[ref] = state
            caused |= _types_in(entry)
            decided.append((aggregate, entry, state, encoded))
        for aggregate, entry, state, encoded in decided:
            aggregate.record(entry, state, encoded)
            batch.alarms += self._alarms(aggregate.ref, entry)
            self._count(aggregate.ref, entry, batch)
            batch.states[aggregate.ref] = state
        batch.count("decided" if decided else "repeated")
        for ref in received.decides:
            known = self._known(received, batch.aggregates[ref])
            assert known is not None
            batch.answered[ref].add((known["message_id"], known["digest"]))
        return None

    def _objection_to(self, timer: IncomingMessage, batch: Batch) -> Objection | None:
        """Against a timer in the aggregates that it was not decided in yet.

        Or that a newer release decided it in: only that one can answer it again.
        """
        for ref in timer.decides:
            aggregate, due_at = (batch.aggregates[ref], self._store.decider(ref.kind).due_at)
            known = self._known(timer, aggregate)
            if aggregate.newer or (known is not None and not self._store.knows(known)):
                return Objection.NEWER
            if known is None:
                due = None if aggregate.state is None else due_at(aggregate.state)
                objection = objection_to(timer.read.message, due, batch.at)
                if objection is not None:
                    return objection
        return None

    def _drop(self, timer: IncomingMessage, objection: Objection, batch: Batch) -> None:
        """Let it pass without a trace in any history; it leaves the line that it waited in."""
        for ref in timer.decides:
            batch.aggregates[ref].forgo(timer.message_id)
        batch.count(objection.value)
        if objection is Objection.PREMATURE:
            record = timer.record
            place = {"partition": record.partition, "offset": record.offset}
            log.warning("premature timer", topic=record.topic, **place)

    def _known(self, received: IncomingMessage, aggregate: Aggregate) -> Document | None:
        """The history entry of this message, if it was decided before, in these words or others."""
        message_id, digest = received.message_id, received.read.digest
        answered = self._store.decider(aggregate.ref.kind).answers_reused_ids
        if not isinstance(received.read.message.data, answered):
            digest = aggregate.digests.get(message_id, digest)
        known = aggregate.known.get((message_id, digest))
        return known or aggregate.meanings.get((message_id, received.read.meaning))

    def _decided(
        self,
        received: IncomingMessage,
        aggregate: Aggregate,
        replicas: Mapping[Ref, Any],
        caused: frozenset[str],
        batch: Batch,
    ) -> tuple[Document, Any]:
        decider = self._store.decider(aggregate.ref.kind)
        message = received.read.message.decided_in(
            aggregate.ref,
            replicas,
            id_reused=received.message_id in aggregate.digests,
            attempt=batch.attempts.get(aggregate.ref, 0),
            caused=caused,
        )
        events = decider.decide(message, aggregate.state, acting_now(message, batch.at))
        state = _folded(decider, aggregate.state, events)
        return entry_of(self._source, received, aggregate.ref, events, batch.at), state

    def _alarms(self, ref: Ref, entry: Document) -> list[tuple[Ref, str]]:
        """Lists the events of a new entry that alert operations."""
        alarming = self._alarming[ref.kind]
        types = (str(event["type"]) for event in entry["events"])
        return [(ref, ce_type) for ce_type in types if ce_type in alarming]

    def _count(self, ref: Ref, entry: Document, batch: Batch) -> None:
        """By type and by the field that the Decider counts its events by."""
        counted_by = self._store.decider(ref.kind).counted_by
        if counted_by is not None:
            for event in entry["events"]:
                if (value := event["data"].get(counted_by)) is not None:
                    batch.decisions[event["type"], value] += 1

    def _discard(
        self,
        received: IncomingMessage,
        discarded: DeadLetterDiscarded,
        batch: Batch,
        unstorable: Mapping[Ref, str],
    ) -> None:
        """An operator gave up a message that waited: it counts as decided, and nothing happens."""
        [ref] = received.decides
        aggregate = batch.aggregates[ref]
        if aggregate.newer:
            return self._give_up(received, batch, Reason.DEFECT, str(NewerRelease(ref)))
        if ref in unstorable:
            return self._give_up(received, batch, Reason.DEFECT, unstorable[ref])
        if discarded.message_id is None or not aggregate.waits_for(discarded.message_id):
            return batch.count("ignored")
        entry = entry_of(self._source, received, ref, (), batch.at)
        entry |= {"message_id": discarded.message_id, "digest": discarded.digest or ""}
        aggregate.record(entry, aggregate.state)
        return batch.count("discarded")

    def _are_copies(self, received: IncomingMessage) -> bool:
        return all(self._store.decider(ref.kind).replica_of for ref in received.decides)

    def _forget(self, received: IncomingMessage, batch: Batch) -> None:
        """A tombstone empties what the topic's readers keep under its key.

        It never waits in a line: what waits there is forgotten as well.
        """
        forgetting = [
            batch.aggregates[ref]
            for ref in received.decides
            if self._known(received, batch.aggregates[ref]) is None
        ]
        for aggregate in forgetting:
            aggregate.forget(entry_of(self._source, received, aggregate.ref, (), batch.at))
            batch.states[aggregate.ref] = None
        return batch.count("decided" if forgetting else "repeated")

    def _park(
        self, aggregate: Aggregate, received: IncomingMessage, batch: Batch, error: str
    ) -> None:
        aggregate.park(received.message_id, error, batch.at)
        _mark_own(aggregate, received)
        self._give_up(received, batch, Reason.DEFECT, error)

    def _block(self, aggregate: Aggregate, received: IncomingMessage, batch: Batch) -> None:
        """It waits behind others. Of an aggregate's timers one waits, for all say the same."""
        assert aggregate.parked is not None
        if _is_timer(received) and aggregate.parked.timer not in (None, received.message_id):
            return batch.count("repeated")
        aggregate.wait(received.message_id)
        _mark_own(aggregate, received)
        return self._give_up(received, batch, Reason.BLOCKED, f"{aggregate.ref.kind} is parked")

    def _give_up(self, received: IncomingMessage, batch: Batch, reason: Reason, error: str) -> None:
        batch.count("dead")
        service = self._service.name
        batch.outgoing.append(DeadLetter(received.record, service, reason, error, batch.at))


def _folded(decider: Decider[Any], state: Any, events: Sequence[Event]) -> Any:
    """The state after `events`; what the Decider has folded is not folded again."""
    if isinstance(events, Recorded) and events:
        return events.state
    for event in events:
        state = decider.evolve(state, event)
    return state


def _types_in(entry: Document) -> frozenset[str]:
    """The types of the events that a message caused in one of its records."""
    return frozenset(event["type"] for event in entry["events"])


def _newer(batch: Batch, refs: Iterable[Ref]) -> Ref | None:
    """Returns one of `refs` that a newer release wrote; a decision must not rest on it."""
    return next((ref for ref in refs if batch.aggregates[ref].newer), None)


def _is_timer(received: IncomingMessage) -> bool:
    return isinstance(received.read.message.data, TimerDue)


def _mark_own(aggregate: Aggregate, received: IncomingMessage) -> None:
    """Marks the service's own message as waiting, so that it is not sent again meanwhile."""
    if _is_timer(received):
        aggregate.wait_as_own(received.message_id, "timer")
    elif received.record.topic == OUTCOMES:
        aggregate.wait_as_own(received.message_id, "outcome")
