"""Deals with dead letters for a person: written down first, each letter by one person at a time.

A form's id is the repair's, so a double click is one repair. The repair runs in the process that
took it; its outcome is kept for a month, so any process can show it. A process that dies leaves
what it has not told undone, and its letters are free again a little later.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from services.operations_console.acts import SOURCE, Acts
from services.operations_console.dead_letters import DeadLetters
from services.operations_console.repair_words import (
    OutcomeRow,
    behind_row,
    discard_row,
    edit_row,
    error_said,
    told_row,
)
from shared.events.operations import DeadLetterRepairBegun, RepairAct
from shared.events.values import Bilingual
from shared.mongo.client import Collection, Database, Document
from shared.mongo.errors import mongodb_errors_as_outage
from shared.mongo.indexes import create_indexes_on
from shared.mongo.writes import insert_new
from shared.operations.audit_trail import Author
from shared.operations.dead_letters.correct import Correction
from shared.operations.dead_letters.discard import discard, discards
from shared.operations.dead_letters.edit import draft, edit
from shared.operations.dead_letters.letter import LetterId
from shared.operations.dead_letters.listing import FoundLetters
from shared.operations.dead_letters.replay import plan_replay
from shared.operations.dead_letters.run import carried_out
from shared.operations.dead_letters.selection import Selection
from shared.operations.dead_letters.settlement import Settlement
from shared.operations.errors import OperationError
from shared.outage import Outage
from shared.web.pages import NotFound

log: structlog.stdlib.BoundLogger = structlog.get_logger()

KEPT = timedelta(days=30)
BEAT_SECONDS = 20.0
FREE_AFTER = timedelta(minutes=2)
"""Several beats: by then the process that took a letter has died."""
BEGINNING, RUNNING, DONE, STOPPED = "beginning", "running", "done", "stopped"
LOOK_EVERY_S = 0.1


@dataclass(eq=False)
class Changed(Exception):
    """The letters are not as the page showed them: nothing was done.

    `settled` were dealt with meanwhile; `taken` are being dealt with, by whom and since when.
    """

    settled: Sequence[tuple[LetterId, Settlement]] = ()
    taken: Sequence[tuple[LetterId, str, datetime]] = ()


@dataclass(frozen=True, slots=True)
class Repair:
    """A repair that a person requested; its id is the form's."""

    id: str
    act: RepairAct
    letters: tuple[LetterId, ...]
    by: str
    why: str
    correction: Correction | None = None

    @property
    def author(self) -> Author:
        return Author(self.by, self.why, SOURCE)

    @property
    def digest(self) -> str:
        """The hash of what the form said: it may be sent again with something else."""
        said = self.act, self.letters, self.why, self.correction
        return hashlib.sha256(repr(said).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Repaired:
    """A repair as it stands. `interrupted`: the process that ran it is gone."""

    id: str
    act: RepairAct
    letters: Sequence[str]
    by: str
    why: str
    at: datetime
    state: str
    rows: Sequence[OutcomeRow]
    interrupted: bool

    @property
    def is_final(self) -> bool:
        return self.state != RUNNING or self.interrupted


@dataclass(slots=True)
class Repairs:
    """Its methods raise `Outage`."""

    database: Database
    dead_letters: DeadLetters
    acts: Acts
    now: Callable[[], datetime]
    _tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    async def prepare(self) -> None:
        """Create the indexes that are missing."""
        with mongodb_errors_as_outage():
            await create_indexes_on(self._repairs, [], expires_on="until")
            await create_indexes_on(self._taken, [["repair"]], expires_on="until")

    async def begin(self, asked: Repair) -> None:
        """Take the letters, write that down, and start. A repair that began before goes on; a form
        that is sent twice at a time waits for what comes of the first.

        Raises `Changed`, also where the same form has asked for something else before,
        `NoSuchLetters`, `MissingTopics`.
        """
        if not await self._is_first(asked):
            return
        try:
            await self._take(asked)
            _refuse_settled(asked.letters, await self.dead_letters.as_they_stand(asked.letters))
            await self.acts.write(_begun(asked, self.now()), asked.id)
            await self._tell(asked.id, (), RUNNING)
        except BaseException:
            await self._forget(asked.id)
            raise
        task = asyncio.create_task(self._run(asked))
        self._tasks[asked.id] = task
        task.add_done_callback(lambda _: self._tasks.pop(asked.id, None))

    async def settles(self, repair_id: str, within_s: float) -> None:
        """Wait until the repair has ended, for this long at most."""
        if task := self._tasks.get(repair_id):
            await asyncio.wait({task}, timeout=within_s)

    async def read(self, repair_id: str) -> Repaired:
        """Raises `NotFound`."""
        with mongodb_errors_as_outage():
            found = await self._repairs.find_one({"_id": repair_id})
        if found is None:
            raise NotFound
        return Repaired(
            found["_id"],
            RepairAct(found["act"]),
            found["letters"],
            found["by"],
            found["why"],
            found["at"],
            RUNNING if found["state"] == BEGINNING else found["state"],
            [_row(it) for it in found["rows"]],
            self._is_interrupted(found),
        )

    async def stop(self) -> None:
        """End what runs here: what it has sent is written down, the rest waits as before."""
        for task in [*self._tasks.values()]:
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    @property
    def _repairs(self) -> Collection:
        return self.database.collection("repairs")

    @property
    def _taken(self) -> Collection:
        return self.database.collection("letters_taken")

    async def _take(self, asked: Repair) -> None:
        """One person deals with a letter at a time. Raises `Changed`."""
        taken = []
        with mongodb_errors_as_outage():
            for letter in asked.letters:
                if (other := await self._taken_by_another(letter, asked)) is not None:
                    taken.append((letter, str(other["by"]), other["at"]))
        if taken:
            raise Changed(taken=taken)

    async def _taken_by_another(self, letter: LetterId, asked: Repair) -> Document | None:
        now = self.now()
        mine = {"repair": asked.id, "by": asked.by, "at": now, "until": now + FREE_AFTER}
        if await insert_new(self._taken, {"_id": str(letter), **mine}):
            return None
        left = {"_id": str(letter), "until": {"$lt": now}}
        if (await self._taken.update_one(left, {"$set": mine})).modified_count:
            return None
        other = await self._taken.find_one({"_id": str(letter)})
        return other or {"by": "?", "at": now}

    async def _free(self, repair_id: str) -> None:
        with mongodb_errors_as_outage():
            await self._taken.delete_many({"repair": repair_id})

    async def _forget(self, repair_id: str) -> None:
        """As if it had never been asked for."""
        await self._free(repair_id)
        with mongodb_errors_as_outage():
            await self._repairs.delete_one({"_id": repair_id})

    def _is_interrupted(self, found: Document) -> bool:
        runs = found["state"] in (BEGINNING, RUNNING)
        return runs and bool(found["seen_at"] < self.now() - FREE_AFTER)

    async def _is_first(self, asked: Repair) -> bool:
        """False where the form was sent before and its repair has begun. Raises `Changed`."""
        while True:
            now = self.now()
            document = {
                "_id": asked.id,
                "act": asked.act.value,
                "said": asked.digest,
                "letters": [str(it) for it in asked.letters],
                "by": asked.by,
                "why": asked.why,
                "at": now,
                "seen_at": now,
                "until": now + KEPT,
                "state": BEGINNING,
                "rows": [],
            }
            with mongodb_errors_as_outage():
                if await insert_new(self._repairs, document):
                    return True
                before = await self._repairs.find_one({"_id": asked.id})
            if before is None:  # what the first brought is asked for again
                continue
            if before.get("said", asked.digest) != asked.digest:
                raise Changed
            if before["state"] != BEGINNING or self._is_interrupted(before):
                return False
            await asyncio.sleep(LOOK_EVERY_S)

    async def _run(self, asked: Repair) -> None:
        rows: list[OutcomeRow] = []
        state = STOPPED
        beating = asyncio.create_task(self._beat(asked.id))
        try:
            async for row in self._carried_out(asked):
                rows.append(row)
                await self._tell(asked.id, rows, RUNNING)
            state = DONE
        except Outage as outage:
            rows.append(OutcomeRow("", _outage_said(outage.dependency), bad=True))
        except OperationError as error:
            rows.append(OutcomeRow("", error_said(error), bad=True))
        finally:
            beating.cancel()
            with contextlib.suppress(Outage):
                await self._tell(asked.id, rows, state)
                await self._free(asked.id)
            log.info("repaired", act=asked.act.value, letters=len(asked.letters), state=state)

    async def _beat(self, repair_id: str) -> None:
        """Says that this process is still at it."""
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            now = self.now()
            with contextlib.suppress(Outage), mongodb_errors_as_outage():
                await self._repairs.update_one({"_id": repair_id}, {"$set": {"seen_at": now}})
                await self._taken.update_many(
                    {"repair": repair_id}, {"$set": {"until": now + FREE_AFTER}}
                )

    async def _tell(self, repair_id: str, rows: Sequence[OutcomeRow], state: str) -> None:
        told = [{"what": it.what, "es": it.said.es, "en": it.said.en, "bad": it.bad} for it in rows]
        change = {"$set": {"rows": told, "state": state, "seen_at": self.now()}}
        with mongodb_errors_as_outage():
            await self._repairs.update_one({"_id": repair_id}, change)

    def _carried_out(self, asked: Repair) -> AsyncIterator[OutcomeRow]:
        match asked.act:
            case RepairAct.REPLAY:
                return self._replayed(asked)
            case RepairAct.DISCARD:
                return self._discarded(asked)
            case RepairAct.EDIT:
                return self._edited(asked)

    async def _replayed(self, asked: Repair) -> AsyncIterator[OutcomeRow]:
        async with self.dead_letters.session(asked.author) as (services, session):
            plan, newest = await plan_replay(
                Selection(ids=asked.letters),
                services,
                session.settings,
                session.trail,
                force=False,
            )
            async for part in carried_out(plan, newest, services, session):
                yield told_row(part)
            for letter, parked in plan.behind:
                yield behind_row(letter, parked)

    async def _discarded(self, asked: Repair) -> AsyncIterator[OutcomeRow]:
        async with self.dead_letters.session(asked.author) as (services, session):
            for discardable in await discards(asked.letters, services, session):
                if not discardable.left:
                    yield discard_row(await discard(discardable, services, session))

    async def _edited(self, asked: Repair) -> AsyncIterator[OutcomeRow]:
        assert asked.correction is not None
        [letter] = asked.letters
        async with self.dead_letters.session(asked.author) as (services, session):
            made = await draft(letter, asked.correction, services, session)
            yield edit_row(await edit(made, services[made.letter.service], session))


def _refuse_settled(letters: Sequence[LetterId], found: FoundLetters) -> None:
    """Raises `Changed` where somebody has dealt with one since the page was shown."""
    there = {letter.id: letter for letter in found.letters}
    still = {letter.id for letter in found.open}
    settled = [
        (it, found.settlement(there[it])) for it in letters if it in there and it not in still
    ]
    if settled:
        raise Changed(settled=settled)


def _begun(asked: Repair, at: datetime) -> DeadLetterRepairBegun:
    letters = tuple(map(str, asked.letters))
    return DeadLetterRepairBegun(
        thing=letters[0], by=asked.by, at=at, why=asked.why, act=asked.act, letters=letters
    )


def _row(told: Document) -> OutcomeRow:
    return OutcomeRow(told["what"], Bilingual(es=told["es"], en=told["en"]), told["bad"])


def _outage_said(dependency: str) -> Bilingual:
    return Bilingual(
        es=f"{dependency} no responde; lo que no figura aquí no se ha hecho",
        en=f"{dependency} does not answer; what is not listed here was not done",
    )
