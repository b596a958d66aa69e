"""Selects dead letters by id, by their headers, or by the aggregate they wait for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from shared.operations.audit_trail import AuditTrail
from shared.operations.dead_letters.errors import AggregateAndSelection, IdsAndSelection
from shared.operations.dead_letters.letter import Letter, LetterId, NoSuchLetters, by_id
from shared.operations.dead_letters.settlement import Settlement, settlement_of
from shared.operations.parked import Parked, waiting_for


@dataclass(frozen=True, slots=True)
class Selection:
    """The letters that are asked for; an empty selection means all parked aggregates.

    Raises `IdsAndSelection` or `AggregateAndSelection` for a contradiction. `error` is any part of
    a letter's error, in any case.
    """

    ids: tuple[LetterId, ...] = ()
    service: str | None = None
    reason: str | None = None
    error: str | None = None
    aggregate: str | None = None
    everything: bool = False

    def __post_init__(self) -> None:
        if self.ids and (self.filters or self.aggregate or self.everything):
            raise IdsAndSelection
        if self.aggregate and (self.reason or self.error or self.everything):
            raise AggregateAndSelection

    @property
    def filters(self) -> bool:
        """Whether only letters that say something are meant."""
        return any((self.service, self.reason, self.error))

    @property
    def letters(self) -> bool:
        """Whether more is meant than what waits for parked aggregates."""
        return not self.aggregate and (self.filters or self.everything)

    def matches(self, letter: Letter) -> bool:
        """Whether the letter says what was asked for."""
        return (
            self.service in (None, letter.service)
            and self.reason in (None, letter.reason)
            and (self.error is None or self.error.lower() in letter.error.lower())
        )


@dataclass(slots=True)
class Plan:
    """The messages to let through, those to send again, and those left alone, and why."""

    aggregates: list[Parked] = field(default_factory=list)
    singles: list[Letter] = field(default_factory=list)
    left: list[tuple[LetterId, Settlement]] = field(default_factory=list)
    behind: list[tuple[LetterId, Parked]] = field(default_factory=list)
    """Asked for, but others wait before them."""


def planned(
    wanted: Selection,
    letters: Sequence[Letter],
    trail: AuditTrail,
    waiting: Sequence[Parked],
    *,
    force: bool,
) -> Plan:
    """Plans a replay of `wanted`, given all `letters` by when they were given up.

    `force` also sends what was dealt with already. Raises `NoSuchLetters`.
    """
    if wanted.ids:
        return _of_ids(wanted.ids, letters, trail, waiting, force=force)
    plan = Plan()
    if not wanted.reason and not wanted.error:
        plan.aggregates += [
            aggregate
            for aggregate in waiting
            if wanted.service in (None, aggregate.service)
            and wanted.aggregate in (None, aggregate.ref.id)
        ]
    if not wanted.letters:
        return plan
    for letter in trail.open(letters):
        if not wanted.matches(letter):
            continue
        parked = waiting_for(waiting, letter.service, letter.message_id)
        plan.aggregates += [aggregate for aggregate in parked if aggregate not in plan.aggregates]
        if not parked:
            plan.singles.append(letter)
    return plan


def _of_ids(
    ids: Sequence[LetterId],
    letters: Sequence[Letter],
    trail: AuditTrail,
    waiting: Sequence[Parked],
    *,
    force: bool,
) -> Plan:
    plan, there = Plan(), chosen(ids, letters)
    asked = {(letter.service, letter.message_id) for letter in there}
    still = set(trail.open(letters))
    for letter in there:
        parked = waiting_for(waiting, letter.service, letter.message_id)
        for aggregate in parked:
            first = aggregate.first(_asked_first(aggregate, asked))
            if letter.message_id not in first.waiting:
                plan.behind.append((letter.id, aggregate))
            elif first not in plan.aggregates:
                plan.aggregates.append(first)
        if not parked and (force or letter in still):
            plan.singles.append(letter)
        elif not parked:
            plan.left.append((letter.id, settlement_of(letter, letters, trail)))
    return plan


def _asked_first(aggregate: Parked, asked: set[tuple[str, str]]) -> int:
    """How many of those that wait were asked for, from the head on."""
    count = 0
    for message_id in aggregate.waiting:
        if (aggregate.service, message_id) not in asked:
            break
        count += 1
    return count


def chosen(ids: Sequence[LetterId], letters: Sequence[Letter]) -> list[Letter]:
    """The letters with these ids, by when they were given up. Raises `NoSuchLetters`."""
    there = by_id(letters)
    lacking = [wanted for wanted in dict.fromkeys(ids) if wanted not in there]
    if lacking:
        raise NoSuchLetters(lacking)
    wanted = set(ids)
    return [letter for letter in letters if letter.id in wanted]


@dataclass(frozen=True, slots=True)
class LetterGroup:
    """Letters that died alike; `example` is the newest. Times are timezone-aware."""

    service: str
    reason: str
    error: str
    count: int
    oldest: datetime
    newest: datetime
    example: LetterId


def grouped(letters: Sequence[Letter]) -> list[LetterGroup]:
    """Groups letters by service, reason and error, the largest group first."""
    groups: dict[tuple[str, str, str], list[Letter]] = {}
    for letter in letters:
        groups.setdefault((letter.service, letter.reason, letter.error), []).append(letter)
    found = [
        LetterGroup(*alike, len(members), members[0].at, members[-1].at, members[-1].id)
        for alike, members in groups.items()
    ]
    return sorted(found, key=lambda group: -group.count)
