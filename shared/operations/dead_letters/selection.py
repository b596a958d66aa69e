"""Which letters a command is about: by id, by what they say, or by the aggregate they wait for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from shared.operations.audit_trail import Acts, told
from shared.operations.dead_letters.letter import Letter, LetterId, by_id, missing
from shared.operations.errors import DeskError
from shared.operations.parked import Parked, waiting_for

MINUTE, HOUR, DAY = 60, 3_600, 86_400


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for. With nothing asked, all parked aggregates are meant."""

    ids: tuple[LetterId, ...] = ()
    service: str | None = None
    reason: str | None = None
    error: str | None = None
    aggregate: str | None = None
    everything: bool = False

    def __post_init__(self) -> None:
        if self.ids and (self.filters or self.aggregate or self.everything):
            raise DeskError("give letters' ids or a selection by options, not both.")
        if self.aggregate and (self.reason or self.error or self.everything):
            raise DeskError(
                "--aggregate means all that waits for it; of the other selections only"
                " --service goes with it."
            )

    @property
    def filters(self) -> bool:
        return any((self.service, self.reason, self.error))

    @property
    def letters(self) -> bool:
        """Whether more is meant than what waits for parked aggregates."""
        return not self.aggregate and (self.filters or self.everything)

    def matches(self, letter: Letter) -> bool:
        """Whether the letter says what was asked for; `error` may be any part of it."""
        return (
            self.service in (None, letter.service)
            and self.reason in (None, letter.reason)
            and (self.error is None or self.error.lower() in letter.error.lower())
        )


@dataclass(slots=True)
class Plan:
    """What to let through, what to send again, and what is left alone and why."""

    aggregates: list[Parked] = field(default_factory=list)
    singles: list[Letter] = field(default_factory=list)
    left: list[tuple[LetterId, str]] = field(default_factory=list)
    behind: list[tuple[LetterId, Parked]] = field(default_factory=list)
    """Asked for, but others wait before them."""


def planned(
    wanted: Wanted, letters: Sequence[Letter], acts: Acts, waiting: Sequence[Parked], *, force: bool
) -> Plan:
    """What a replay of `wanted` does, given all `letters` in their order. Raises `DeskError`."""
    if wanted.ids:
        return _of_ids(wanted.ids, letters, acts, waiting, force=force)
    plan = Plan()
    if not wanted.reason and not wanted.error:
        plan.aggregates += [
            one
            for one in waiting
            if wanted.service in (None, one.service) and wanted.aggregate in (None, one.ref.id)
        ]
    if not wanted.letters:
        return plan
    for letter in acts.open(letters):
        if not wanted.matches(letter):
            continue
        parked = waiting_for(waiting, letter.service, letter.message_id)
        plan.aggregates += [one for one in parked if one not in plan.aggregates]
        if not parked:
            plan.singles.append(letter)
    return plan


def _of_ids(
    ids: Sequence[LetterId],
    letters: Sequence[Letter],
    acts: Acts,
    waiting: Sequence[Parked],
    *,
    force: bool,
) -> Plan:
    plan, there = Plan(), chosen(ids, letters)
    asked = {(one.service, one.message_id) for one in there}
    still = set(acts.open(letters))
    for letter in there:
        parked = waiting_for(waiting, letter.service, letter.message_id)
        for one in parked:
            first = one.first(_asked_first(one, asked))
            if letter.message_id not in first.waiting:
                plan.behind.append((letter.id, one))
            elif first not in plan.aggregates:
                plan.aggregates.append(first)
        if not parked and (force or letter in still):
            plan.singles.append(letter)
        elif not parked:
            plan.left.append((letter.id, handled_by(letter, letters, acts)))
    return plan


def _asked_first(one: Parked, asked: set[tuple[str, str]]) -> int:
    """How many of those that wait were asked for, from the head on."""
    count = 0
    for message_id in one.waiting:
        if (one.service, message_id) not in asked:
            break
        count += 1
    return count


def chosen(ids: Sequence[LetterId], letters: Sequence[Letter]) -> list[Letter]:
    """The letters named, in their order. Raises `DeskError` naming every one that is not there."""
    there = by_id(letters)
    lacking = [one for one in dict.fromkeys(ids) if one not in there]
    if lacking:
        raise missing(*lacking)
    wanted = set(ids)
    return [letter for letter in letters if letter.id in wanted]


def handled_by(letter: Letter, letters: Sequence[Letter], acts: Acts) -> str:
    """What settled the letter: what was done with it, or else with which other one."""
    if own := acts.on(letter.id):
        return f"already {told(own[-1])}"
    later = [
        one
        for one in letters
        if (one.service, one.message_id) == (letter.service, letter.message_id) and acts.on(one.id)
    ]
    if letter.message_id and later:
        return f"already settled with {later[-1].id}, a later letter of the same message"
    return "already sent again with another service's letter of the same record"


@dataclass(frozen=True, slots=True)
class Group:
    """Letters that died alike: an example of them is the newest. Times are aware."""

    service: str
    reason: str
    error: str
    count: int
    oldest: datetime
    newest: datetime
    example: LetterId


def grouped(letters: Sequence[Letter]) -> list[Group]:
    """By service, reason and error; the largest group first."""
    groups: dict[tuple[str, str, str], list[Letter]] = {}
    for letter in letters:
        groups.setdefault((letter.service, letter.reason, letter.error), []).append(letter)
    found = [
        Group(*alike, len(members), members[0].at, members[-1].at, members[-1].id)
        for alike, members in groups.items()
    ]
    return sorted(found, key=lambda group: -group.count)


def age(at: datetime, now: datetime) -> str:
    """`3 h ago`; both are aware."""
    seconds = (now - at).total_seconds()
    units: Mapping[str, int] = {"d": DAY, "h": HOUR, "min": MINUTE}
    for name, length in units.items():
        if seconds >= length:
            return f"{int(seconds // length)} {name} ago"
    return "just now"
