"""Dead letters as pages show them: which there are, what is in one, what dealing with it brings."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from services.operations_console.owners import Owners
from services.operations_console.projections import FOLDS
from services.operations_console.settings import Settings
from shared.events.field_classes import HIDDEN, masked
from shared.events.topics import CONSOLE
from shared.operations.audit_trail import AuditTrail, Author, read_audit_trail
from shared.operations.dead_letters.correct import Correction
from shared.operations.dead_letters.edit import Draft, draft
from shared.operations.dead_letters.letter import (
    Letter,
    LetterId,
    NotALetterId,
    letter_id,
)
from shared.operations.dead_letters.listing import FoundLetters, as_they_stand, who_waits
from shared.operations.dead_letters.open_letters import TrailOf
from shared.operations.dead_letters.replay import plan_replay
from shared.operations.dead_letters.run import Foretold, foretold
from shared.operations.dead_letters.selection import Plan, Selection, chosen
from shared.operations.dead_letters.topic import (
    briefs_at,
    briefs_since,
    dead_letter_topic,
    in_time,
    page_of_briefs,
)
from shared.operations.decoded_record import shown
from shared.operations.letter_acts import NAME as LETTER_ACTS
from shared.operations.letter_acts import fresh_trail
from shared.operations.parked import Parked
from shared.operations.sender import ReplaySession, replay_session
from shared.operations.service_client import ServiceClient, ServiceError
from shared.runtime.faults import Unreadable
from shared.runtime.json_object import json_object
from shared.runtime.operations.answers import Foreseen
from shared.runtime.projections.generations import Generations

MOST_FIELDS = 90
"""Limit of fields per value; a value with more can only be replaced as a whole."""


@dataclass(frozen=True, slots=True)
class Field:
    """One value within a letter's data, by JSON pointer. `text`: it is written without quotes."""

    pointer: str
    shown: str
    text: bool


@dataclass(frozen=True, slots=True)
class ListedLetters:
    """Some of the letters; `older` says, by partition, before which offset older ones lie."""

    found: FoundLetters
    older: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Opened:
    """A letter with what may be shown of it. `faults` is None where its service does not answer.

    `data` is empty where the value is no JSON object.
    """

    letter: Letter
    found: FoundLetters
    data: Mapping[str, Any]
    fields: Sequence[Field]
    headers: Sequence[tuple[str, str]]
    faults: Sequence[str] | None


@dataclass(frozen=True, slots=True)
class Drafted:
    """A correction that would be taken, and what the letter's service would decide on it."""

    draft: Draft
    foreseen: Foreseen


def kept_trail(settings: Settings, generations: Generations) -> TrailOf:
    """Tells the acts on letters by the console's index.

    While a generation without them serves, all are read from the topic.
    """

    async def trail_of(letters: Sequence[Letter]) -> AuditTrail:
        serving = generations.state.serving
        if serving.folds < FOLDS:
            return await read_audit_trail(settings)
        group = serving.group(settings.group_of(CONSOLE))
        return await fresh_trail(settings, generations.serving(LETTER_ACTS), group, letters)

    return trail_of


class DeadLetters:
    """Reads the topic as it stands, and the acts on its letters by `trail_of`.

    Its methods raise `Outage`, `MissingTopics`.
    """

    def __init__(self, settings: Settings, trail_of: TrailOf) -> None:
        self._settings = settings
        self._owners = Owners(settings)
        self._trail_of = trail_of

    async def listed(self, before: Mapping[int, int], like: str = "") -> ListedLetters:
        """The newest letters `before` these offsets, by partition, what was done with them and what
        waits for them; among them the letter or those of the parked record that `like` names.
        """
        async with self._owners.asked() as services:
            waiting, silent = await who_waits(services)
        page = await page_of_briefs(self._settings, before, holding=written_id(like))
        letters = page.letters
        for it in waiting:
            if it.name == like:
                letters = in_time([*letters, *await briefs_since(self._settings, it.since)])
        return ListedLetters(await self._stand(letters, waiting, silent), page.older)

    async def as_they_stand(self, ids: Sequence[LetterId]) -> FoundLetters:
        """These letters, and what was done with them. Raises `NoSuchLetters`."""
        letters = await briefs_at(self._settings, ids)
        return await self._stand(chosen(ids, letters))

    async def opened(self, asked: LetterId) -> Opened:
        """One letter. Raises `NoSuchLetters`."""
        async with self._owners.asked() as services, dead_letter_topic(self._settings) as topic:
            letter = await topic.fetch(asked)
            found = await self._stand([letter.brief], *await who_waits(services))
            faults = await _faults(letter, services)
        return opened_of(letter, found, faults)

    async def _stand(
        self,
        letters: list[Letter],
        waiting: Sequence[Parked] = (),
        silent: Sequence[ServiceError] = (),
    ) -> FoundLetters:
        trail = await self._trail_of(letters)
        return await as_they_stand(self._settings, letters, trail, waiting, silent)

    async def foretold(self, ids: Sequence[LetterId]) -> tuple[Plan, list[Foretold]]:
        """Previews a replay of these letters. Raises `NoSuchLetters`, `ServiceError`."""
        settings = self._settings
        async with self._owners.asked() as services, dead_letter_topic(settings) as topic:
            trail = await read_audit_trail(settings)
            plan, newest = await plan_replay(
                Selection(ids=tuple(ids)), services, settings, trail, force=False
            )
            return plan, [it async for it in foretold(plan, newest, topic, services)]

    async def drafted(self, asked: LetterId, correction: Correction, author: Author) -> Drafted:
        """The corrected record as its service finds it. Raises what `draft` raises."""
        async with self.session(author) as (services, session):
            made = await draft(asked, correction, services, session)
            [foreseen] = await services[made.letter.service].dry_run([made.corrected.record])
            return Drafted(made, foreseen)

    @asynccontextmanager
    async def session(
        self, author: Author
    ) -> AsyncIterator[tuple[Mapping[str, ServiceClient], ReplaySession]]:
        async with (
            self._owners.asked() as services,
            replay_session(self._settings, author) as session,
        ):
            yield services, session


def written_id(written: str) -> LetterId | None:
    """The letter that a text names; None for any other text."""
    try:
        return letter_id(written)
    except NotALetterId:
        return None


def opened_of(letter: Letter, found: FoundLetters, faults: Sequence[str] | None) -> Opened:
    data = data_of(letter.value)
    hidden = masked(letter.says("ce_type"), data)
    return Opened(letter, found, hidden, [*fields_of(data, hidden)], headers_of(letter), faults)


async def _faults(letter: Letter, services: Mapping[str, ServiceClient]) -> Sequence[str] | None:
    """Asks the letter's service for the faults that remain; None if it does not answer."""
    service = services.get(letter.service)
    if service is None:
        return None
    try:
        return await service.check(letter.original)
    except ServiceError:
        return None


def data_of(value: bytes | None) -> dict[str, Any]:
    """The JSON object in a record's value; empty where there is none."""
    try:
        return json_object(value or b"")
    except Unreadable:
        return {}


def headers_of(letter: Letter) -> list[tuple[str, str]]:
    """The record's headers; a value that looks like no id or code is hidden."""
    return [
        (shown(name), "" if value is None else shown(value.decode(errors="replace")))
        for name, value in letter.original_headers
    ]


def fields_of(data: Any, hidden: Any, pointer: str = "") -> Iterator[Field]:
    """Every value within `data`, as `hidden` shows it."""
    if isinstance(data, dict) and data:
        for name, value in data.items():
            step = name.replace("~", "~0").replace("/", "~1")
            below = hidden.get(name, HIDDEN) if isinstance(hidden, dict) else HIDDEN
            yield from fields_of(value, below, f"{pointer}/{step}")
    elif isinstance(data, list) and data:
        for number, value in enumerate(data):
            inside = isinstance(hidden, list) and number < len(hidden)
            below = hidden[number] if inside else HIDDEN
            yield from fields_of(value, below, f"{pointer}/{number}")
    elif pointer:
        yield Field(pointer, _written(hidden), isinstance(data, str))


def at(data: Any, pointer: str) -> Any:
    """The value at a JSON pointer; None where there is none."""
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        try:
            data = data[int(name)] if isinstance(data, list) else data[name]
        except (KeyError, IndexError, ValueError, TypeError):
            return None
    return data


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
