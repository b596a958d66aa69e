"""Generations of the projections: a rebuild fills new documents beside those that pages read.

A generation has collections and a consumer group of its own. Once its group has read all topics to
their ends, it is the one that serves; readers notice within a second.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from shared.mongo.client import Collection, Database, Document, connect
from shared.mongo.errors import mongodb_errors_as_outage
from shared.mongo.writes import insert_new
from shared.settings import RuntimeSettings

GENERATIONS = "generations"
_ONE = {"_id": "projections"}


@dataclass(frozen=True, slots=True)
class Generation:
    """`folds` is the version of the code that folds it; another version leaves it alone."""

    number: int
    folds: int

    def group(self, base: str) -> str:
        """The consumer group that reads for it."""
        return f"{base}.{self.number}"

    def collection(self, name: str) -> str:
        """The collection of the projection `name`."""
        return f"{name}_{self.number}"


@dataclass(frozen=True, slots=True)
class State:
    """Which generation serves, and which is being built, if one is."""

    serving: Generation
    building: Generation | None = None

    def folded_by(self, folds: int) -> tuple[Generation, ...]:
        """The generations that code of this version keeps up to date."""
        both = (self.serving, self.building)
        return tuple(it for it in both if it is not None and it.folds == folds)


class Generations:
    """The record of them, shared by all processes. Its methods raise `Outage`."""

    def __init__(self, database: Database, folds: int) -> None:
        self._database = database
        self._record = database.collection(GENERATIONS)
        self._folds = folds
        self.state = State(Generation(1, folds))
        """As last read."""

    def serving(self, name: str) -> Collection:
        """The collection of the projection `name` that pages read."""
        return self._database.collection(self.state.serving.collection(name))

    async def begin(self) -> State:
        """Read the record. Where there is none, or only of older folds, a generation is begun."""
        first = {**_ONE, "serving": _written(Generation(1, self._folds)), "building": None}
        with mongodb_errors_as_outage():
            await insert_new(self._record, first)
        await self.read()
        newest = max(it.folds for it in (self.state.serving, self.state.building) if it)
        if newest < self._folds:
            await self.rebuild()
        return self.state

    async def read(self) -> State:
        """The record as it is now."""
        with mongodb_errors_as_outage():
            found = await self._record.find_one(_ONE)
        if found is not None:
            self.state = State(
                Generation(**found["serving"]),
                Generation(**found["building"]) if found["building"] else None,
            )
        return self.state

    async def are_begun(self) -> bool:
        """Whether any process has ever begun one."""
        with mongodb_errors_as_outage():
            return await self._record.find_one(_ONE) is not None

    async def rebuild(self) -> State:
        """Begin a new generation, unless one of these folds is being built."""
        state = await self.read()
        if state.building is not None and state.building.folds >= self._folds:
            return state
        numbers = [it.number for it in (state.serving, state.building) if it is not None]
        begun = Generation(max(numbers) + 1, self._folds)
        same = {**_ONE, "building": _written(state.building)}
        with mongodb_errors_as_outage():
            await self._record.update_one(same, {"$set": {"building": _written(begun)}})
        return await self.read()

    async def serve(self, built: Generation, names: Iterable[str]) -> bool:
        """Let `built` serve, if it is the one being built. Drops what no page reads any more.

        The generation that served until now stays until the next switch: a page may be reading it.
        """
        before = self.state.serving
        change = {"$set": {"serving": _written(built), "building": None}}
        with mongodb_errors_as_outage():
            switched = await self._record.update_one({**_ONE, "building": _written(built)}, change)
            if switched.modified_count:
                for number in range(max(1, before.number - 3), before.number):
                    for name in names:
                        old = Generation(number, 0).collection(name)
                        await self._database.collection(old).drop()
        await self.read()
        return bool(switched.modified_count)


def _written(generation: Generation | None) -> Document | None:
    if generation is None:
        return None
    return {"number": generation.number, "folds": generation.folds}


async def begin_rebuild(settings: RuntimeSettings, views: str, folds: int) -> int:
    """Begin to build the projections in the database `views` again, beside those in use.

    Returns the number of the generation that is built. Raises `Outage`.
    """
    client = connect(settings.mongo_url)
    try:
        database = Database(client, settings.database_of(views), journal=settings.mongo_journal)
        generations = Generations(database, folds)
        await generations.begin()
        state = await generations.rebuild()
        return (state.building or state.serving).number
    finally:
        client.close()
