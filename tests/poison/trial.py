"""The four services without broker, database or real time: what each would do with a record."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import bson

from services.notification.mail import recipients
from services.notification.mail.compose import Composer
from services.notification.mail.state import KIND, Notification
from services.notification.settings import Settings
from shared.events.envelope import Event, Message, Ref
from shared.events.internal import TimerDue
from shared.events.topics import SERVICES, TOPIC_OF, topics_read_by
from shared.runtime import codec
from shared.runtime.clock import clock_source
from shared.runtime.codec import Record
from shared.runtime.decider import Decider, Route, Service
from shared.runtime.record_faults import is_nameless
from tests.fakes.memory_stage import MemoryStage


def built() -> tuple[Service, ...]:
    """Every service, wired from its default settings."""
    return tuple(
        importlib.import_module(f"services.{name}.service").build(
            importlib.import_module(f"services.{name}.settings").Settings()
        )
        for name in SERVICES
    )


def readers(services: tuple[Service, ...], topic: str) -> Iterator[Service]:
    return (service for service in services if topic in topics_read_by(service.name))


def decide_anew(services: tuple[Service, ...], record: Record, now: datetime) -> None:
    """Decide a readable record in empty aggregates, and see that the outcome can be stored."""
    message = codec.read(record).message
    for service in readers(services, record.topic):
        route = service.route(message)
        for ref in route.decides:
            handed = replace(message, aggregate=ref)
            _in_empty(_decider(service, ref), handed, route, now)


def _in_empty(decider: Decider[Any], message: Message, route: Route, now: datetime) -> None:
    nothing = dict.fromkeys((*route.decides, *route.reads))
    events = decider.decide(replace(message, replicas=nothing), None, now)
    state = None
    for event in events:
        state = decider.evolve(state, event)
    if state is not None:
        _store(decider, state, events)


def _store(decider: Decider[Any], state: Any, events: Sequence[Event]) -> None:
    """See that the database can hold it, that it can be read again, and that readers can, too."""
    stored = state.model_dump(mode="json")
    decider.state.model_validate(stored)
    bson.encode({"s": stored, "due": decider.due_at(state), "work": decider.work_at(state)})
    bson.encode({"events": [codec.dump(event) for event in events]})
    nameless = [event for event in events if event.ce_type in TOPIC_OF and is_nameless(event)]
    assert not nameless, f"its readers would bury {nameless}"


def _decider(service: Service, ref: Ref) -> Decider[Any]:
    return next(decider for decider in service.deciders if decider.kind == ref.kind)


class Trial:
    """All services, with what they have decided so far. Any of our own faults is raised."""

    def __init__(self, now: datetime) -> None:
        self.services = built()
        self._stages = {service.name: MemoryStage(service, now) for service in self.services}

    def states_of(self, service: str) -> Mapping[Ref, Any]:
        return self._stages[service].states

    def stage_of(self, service: str) -> MemoryStage:
        return self._stages[service]

    def decide(self, record: Record) -> list[Event]:
        """Decide a readable record in all services that read its topic, on what came before."""
        message = codec.read(record).message
        stages = [self._stages[service.name] for service in readers(self.services, record.topic)]
        return [
            event
            for stage in stages
            if not _is_refused(message, stage.service)
            for event in stage.process(record)
        ]


def _is_refused(message: Message, service: Service) -> bool:
    """A forged timer is a dead letter of the service that it names."""
    mine = isinstance(message.data, TimerDue) and message.data.owner == service.name
    return mine and message.source != clock_source(service.name)


class Mails:
    """Writes the mails that are due, as the notification worker would, and sends none."""

    def __init__(self) -> None:
        settings = Settings()
        self._composer = Composer(settings.imprint, settings.letterhead)

    def write(self, states: Mapping[Ref, Any]) -> int:
        """How many could be written; the others have no address."""
        due = [state for ref, state in states.items() if ref.kind == KIND and state is not None]
        return sum(self._written(state, states) for state in due)

    def _written(self, notification: Notification, states: Mapping[Ref, Any]) -> bool:
        replicas = recipients.known(notification, states)
        to = recipients.recipient_of(notification, replicas)
        if isinstance(to, recipients.Unaddressable) or notification.next_at is None:
            return False
        self._composer.compose(notification, replicas, to)
        return True
