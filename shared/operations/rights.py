"""The rights of each service on broker and database, derived from the catalogue."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from shared.events.topics import CATALOGUE, CONSOLE, DEAD_LETTERS, PORTAL, SERVICES, topics_read_by
from shared.kafka.acls import Acl, Operation, Pattern, Resource
from shared.operations.errors import GroupsOfAnother
from shared.runtime.projections.projection import views_of
from shared.runtime.publications import topics_of
from shared.settings import RuntimeSettings

OPERATORS = "operators"
LAG_MONITOR = "lag-monitor"
"""Sees how far the services' groups have read, and no record: for what scales them by that."""
RESTORER = "restorer"
"""The database user that brings a backup forward; it alone writes what services wrote."""
USERS = {
    "desk agents' tools": "agents",
    "contract registry": "registry",
    "operations": OPERATORS,
    "the desk command": OPERATORS,
}
"""Users of parties whose name in the catalogue would not do for one."""
APPLICATIONS = (PORTAL, CONSOLE)
OURS = (*SERVICES, *APPLICATIONS)
"""They have a consumer group under the desk's prefix, and a database of their own."""


@dataclass(frozen=True, slots=True)
class DatabaseUser:
    """A MongoDB user and its built-in roles, each with the database that it holds for."""

    user: str
    roles: tuple[tuple[str, str], ...]


def user_of(party: str) -> str:
    """The user of a party that the catalogue names: `order system` is `order-system`."""
    return USERS.get(party) or re.sub(r"[^a-z0-9_]+", "-", party.lower()).strip("-")


def users() -> list[str]:
    """Everybody whom the catalogue names, the operators, and who looks at lag alone."""
    parties = {party for topic in CATALOGUE for party in (*topic.written_by, *topic.read_by)}
    return sorted({*map(user_of, parties), OPERATORS, LAG_MONITOR})


def kafka_rights(settings: RuntimeSettings) -> list[Acl]:
    """Every right on the broker, without repeats; nobody else may do anything.

    Nobody may use transactions: an open one holds up all readers of a partition. Raises
    `GroupsOfAnother`.
    """
    _check_groups(settings)
    found = [
        *_catalogue(),
        *_groups(settings),
        *_services(settings),
        *_operators(settings),
        *_lag_monitor(settings),
    ]
    return sorted(set(found))


def _check_groups(settings: RuntimeSettings) -> None:
    for user in users():
        if user not in OURS and settings.group_of("").startswith(f"{user}."):
            raise GroupsOfAnother(user)


def _catalogue() -> Iterator[Acl]:
    for topic in CATALOGUE:
        for party in topic.written_by:
            yield Acl(user_of(party), Resource.TOPIC, Operation.WRITE, topic.name)
        for party in topic.read_by:
            yield Acl(user_of(party), Resource.TOPIC, Operation.READ, topic.name)


def _groups(settings: RuntimeSettings) -> Iterator[Acl]:
    """An outside system names its groups as it likes, behind its own name.

    Each generation of an application's projections has a group of its own.
    """
    for user in users():
        if user in APPLICATIONS:
            group = f"{settings.group_of(user)}."
            yield Acl(user, Resource.GROUP, Operation.READ, group, Pattern.PREFIXED)
        elif user in OURS:
            yield Acl(user, Resource.GROUP, Operation.READ, settings.group_of(user))
        else:
            yield Acl(user, Resource.GROUP, Operation.READ, f"{user}.", Pattern.PREFIXED)


def _services(settings: RuntimeSettings) -> Iterator[Acl]:
    """At start a service looks for missing topics and, where ids expire, for retention.

    It reads what it has published itself: at start to know that its database is not older, and to
    compare and restore its records.
    """
    for service in OURS:
        for topic in CATALOGUE:
            yield Acl(service, Resource.TOPIC, Operation.DESCRIBE, topic.name)
            if settings.create_topics:
                yield Acl(service, Resource.TOPIC, Operation.CREATE, topic.name)
    yield from _as_operators_do(CONSOLE, settings)
    for service in SERVICES:
        for name in topics_of(service):
            yield Acl(service, Resource.TOPIC, Operation.READ, name)
        if settings.history_kept_days is not None:
            for name in (*topics_read_by(service), DEAD_LETTERS):
                yield Acl(service, Resource.TOPIC, Operation.DESCRIBE_CONFIGS, name)


def _operators(settings: RuntimeSettings) -> Iterator[Acl]:
    yield from _as_operators_do(OPERATORS, settings)
    for topic in CATALOGUE:
        yield Acl(OPERATORS, Resource.TOPIC, Operation.DESCRIBE_CONFIGS, topic.name)


def _as_operators_do(user: str, settings: RuntimeSettings) -> Iterator[Acl]:
    """They see everything, and send a record again to the topic of any service that gave it up."""
    for topic in CATALOGUE:
        yield Acl(user, Resource.TOPIC, Operation.READ, topic.name)
        if set(SERVICES) & set(topic.read_by):
            yield Acl(user, Resource.TOPIC, Operation.WRITE, topic.name)
    prefix = settings.group_of("")
    yield Acl(user, Resource.GROUP, Operation.DESCRIBE, prefix, Pattern.PREFIXED)


def _lag_monitor(settings: RuntimeSettings) -> Iterator[Acl]:
    for topic in CATALOGUE:
        yield Acl(LAG_MONITOR, Resource.TOPIC, Operation.DESCRIBE, topic.name)
    prefix = settings.group_of("")
    yield Acl(LAG_MONITOR, Resource.GROUP, Operation.DESCRIBE, prefix, Pattern.PREFIXED)


def database_rights(settings: RuntimeSettings) -> list[DatabaseUser]:
    """Each service has its own database and no other; operators read the services' and the cases.

    Bringing a backup forward needs another user, for that day: on Kafka an operator's will do.
    """
    own = [
        DatabaseUser(name, tuple(("readWrite", it) for it in _databases(settings, name)))
        for name in OURS
        if name in users()
    ]
    seen = tuple(("read", settings.database_of(name)) for name in (*SERVICES, views_of(CONSOLE)))
    written = tuple(("readWrite", settings.database_of(name)) for name in SERVICES)
    return [*own, DatabaseUser(OPERATORS, seen), DatabaseUser(RESTORER, written)]


def _databases(settings: RuntimeSettings, name: str) -> Iterator[str]:
    """An application has one for what can be built again and one for what cannot."""
    yield settings.database_of(name)
    if name in APPLICATIONS:
        yield settings.database_of(views_of(name))


def merged(acls: Iterable[Acl]) -> dict[tuple[str, Resource, Operation, Pattern], list[str]]:
    """The names of resources by all else that is the same."""
    found: dict[tuple[str, Resource, Operation, Pattern], list[str]] = {}
    for acl in acls:
        found.setdefault((acl.user, acl.resource, acl.operation, acl.pattern), []).append(acl.name)
    return found
