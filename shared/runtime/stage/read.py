"""Read: records become messages with a route; the records that they name are read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from shared.events.envelope import Message, Ref
from shared.events.internal import KeyForgotten, TimerDue
from shared.events.operations import DeadLetterDiscarded
from shared.events.topics import TOPICS
from shared.runtime import codec
from shared.runtime.aggregates.port import AggregateStore
from shared.runtime.clock import clock_source
from shared.runtime.codec import Record
from shared.runtime.dead_letters import DeadLetter
from shared.runtime.decider import IGNORED, Route, Service
from shared.runtime.faults import FaultyForm, Unreadable, described
from shared.runtime.reason import Reason
from shared.runtime.record_faults import Sources
from shared.runtime.stage.batch import Batch, Breath, IncomingMessage
from shared.runtime.stage.ignored import Ignored


class Reader:
    """Reads for one service: records as messages, and the aggregates that these name."""

    def __init__(self, service: Service, store: AggregateStore, sources: Sources) -> None:
        self._service = service
        self._store = store
        self._sources = sources
        self._kinds = frozenset(decider.kind for decider in service.deciders)
        self._ignored = Ignored(service, sources)
        self._reading = {it.kind: it.reads for it in service.deciders if it.reads is not None}

    async def messages(
        self, records: Sequence[Record], at: datetime
    ) -> tuple[list[IncomingMessage], list[DeadLetter]]:
        """The readable records with their routes, and those that nobody can read.

        What the service ignores is neither, nor is a faulty act that another one answers.
        """
        incoming: list[IncomingMessage] = []
        unreadable: list[DeadLetter] = []
        breath = Breath()
        for record in records:
            await breath.taken()
            try:
                if self._ignored.passes_over(record):
                    continue
                read = self._read(record)
                if read is None:
                    continue
                route = self._route(read.message)
            except Unreadable as fault:
                unreadable.append(
                    DeadLetter(record, self._service.name, fault.reason, fault.error, at)
                )
            except Exception as defect:  # noqa: BLE001 - whatever our own code raises is a defect
                unreadable.append(
                    DeadLetter(record, self._service.name, Reason.DEFECT, described(defect), at)
                )
            else:
                message_id = f"{read.message.source} {read.message.id}"
                incoming.append(
                    IncomingMessage(
                        record, read, message_id, route.decides, route.reads, route.aliases
                    )
                )
        return incoming, unreadable

    def _read(self, record: Record) -> codec.Read | None:
        """The message in a record; None for an act whose faulty form another service answers."""
        try:
            return codec.read(record, self._sources)
        except FaultyForm as fault:
            answered_by = TOPICS[record.topic].forms_answered_by
            if answered_by is None:
                raise
            mine = answered_by == self._service.name
            return codec.read_faulty_act(record, fault.fields) if mine else None

    async def looked_up(self, incoming: list[IncomingMessage]) -> list[IncomingMessage]:
        """Name by its id what a route names by an alias."""
        aliases = {alias for received in incoming for alias in received.aliases}
        if not aliases:
            return incoming
        found = await self._store.look_up(aliases)
        return [
            replace(received, decides=(*received.decides, *_found(received.aliases, found)))
            for received in incoming
        ]

    def _route(self, message: Message) -> Route:
        match message.data:
            case DeadLetterDiscarded(service=name, kind=str(kind), aggregate=str(waiting)):
                mine = name == self._service.name and kind in self._kinds
                return Route((Ref(kind, waiting),)) if mine else IGNORED
            case DeadLetterDiscarded():
                return IGNORED
            case KeyForgotten() as forgotten:
                return self._route_forgotten(message, forgotten)
            case TimerDue() as timer:
                return self._route_timer(message, timer)
        return self._service.route(message)

    def _route_forgotten(self, message: Message, forgotten: KeyForgotten) -> Route:
        """To the copies of what is forgotten; a service that has none may decide what follows."""
        kinds = [
            decider.kind
            for decider in self._service.deciders
            if decider.replica_of == forgotten.topic
        ]
        if not kinds:
            return self._service.route(message) if forgotten.key else IGNORED
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

    async def read(self, incoming: Sequence[IncomingMessage], batch: Batch) -> None:
        """Reads the routes' aggregates, then those that the Deciders name: two queries per kind."""
        ids = [received.message_id for received in incoming]
        refs = [ref for received in incoming for ref in (*received.decides, *received.reads)]
        batch.add(await self._store.read(refs, ids))
        await self.read_further(incoming, batch)

    async def read_further(self, incoming: Sequence[IncomingMessage], batch: Batch) -> None:
        """Reads what the Deciders name besides, judging by the batch's current states.

        All of it was read with the batch, unless a message of the batch made a Decider want more.
        """
        if not self._reading:
            return
        further = {ref for it in incoming for ref in self.further(it, it.decides, batch.states)}
        missing = further.difference(batch.aggregates)
        if missing:
            batch.add(await self._store.read(missing))

    def further(
        self, received: IncomingMessage, decides: Iterable[Ref], states: Mapping[Ref, Any]
    ) -> Iterator[Ref]:
        for ref in decides:
            reads = self._reading.get(ref.kind)
            if reads is not None and states[ref] is not None:
                yield from reads(states[ref], received.read.message)


def _found(aliases: Iterable[Ref], found: Mapping[Ref, Ref]) -> tuple[Ref, ...]:
    return tuple(found[alias] for alias in aliases if alias in found)
