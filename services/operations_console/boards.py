"""The agents' boards, folded from the topics of states, and the policies in force.

Only what is open is kept whole; of the rest, which state was the last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from shared.events.envelope import Message
from shared.events.internal import KeyForgotten
from shared.events.policies import PolicyInForce
from shared.events.states import (
    CancellationStated,
    CancellationStatus,
    InquiryStated,
    InquiryStatus,
)
from shared.events.values import start_of_day
from shared.mongo.client import Collection, Document
from shared.mongo.errors import mongodb_errors_as_outage
from shared.operations.open_work import AWAITED, REFERRED, Waiting, WorkGroup, waits_for_the_desk
from shared.runtime.projections.projection import Projection

INQUIRIES, FILES, POLICIES = "inquiries", "cancellation_files", "policies"
MOST_POLICIES = 200
ON_A_PAGE = 50
FORGOTTEN = {"forgotten": True}


class Board(StrEnum):
    """A list of open inquiries, by the field that says whether one is on it."""

    FOR_THE_DESK = "for_the_desk"
    """The desk owes an answer or a decision."""
    REFERRED = "referred"
    AWAITED = "awaited"
    """The customer owes evidence."""
    OPEN = "open"


class FileBoard(StrEnum):
    """A list of contracts that wait for a professional, by the field that says so."""

    SUSPENDED = "suspended"
    """A cancellation of a contract that has another holder now."""
    RENEWALS = "renewals_referred"
    """A renewal that billing's reports put into doubt: no inquiry belongs to it."""


SORTED_BY = {FileBoard.SUSPENDED: "effective_on", FileBoard.RENEWALS: "lapses_on"}


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of a list: `rows` from number `first` on, of `count` in all."""

    rows: Sequence[dict[str, Any]]
    first: int
    count: int

    @property
    def before(self) -> int | None:
        """Where the page before it begins; None on the first one."""
        return max(0, self.first - ON_A_PAGE) if self.first else None

    @property
    def after(self) -> int | None:
        """Where the page after it begins; None on the last one."""
        further = self.first + len(self.rows)
        return further if self.rows and further < self.count else None


def inquiry_keys(message: Message) -> Iterable[str]:
    match message.data:
        case KeyForgotten(topic="desk.inquiry-states", key=key):
            return (key,)
        case InquiryStated(inquiry_id=key):
            return (key,)
    return ()


def fold_inquiry(document: Document, message: Message) -> Document:
    event = message.data
    if isinstance(event, KeyForgotten) or document == FORGOTTEN:
        return dict(FORGOTTEN)
    assert isinstance(event, InquiryStated)
    if _is_older(event.sequence, event.version, document):
        return document
    last = {"sequence": event.sequence, "version": event.version}
    if event.status is not InquiryStatus.OPEN:
        return last
    statuses = {it.status for it in event.contracts}
    return last | {
        Board.OPEN: True,
        Board.FOR_THE_DESK: waits_for_the_desk(event),
        Board.REFERRED: REFERRED in statuses,
        Board.AWAITED: AWAITED in statuses,
        "reference": event.reference,
        "kind": event.kind.value,
        "customer_id": event.customer_id,
        "queue": event.queue,
        "language": event.language.value,
        "opened_at": event.opened_at,
        "answer_due_at": event.answer_due_at,
        "contracts": [it.model_dump() for it in event.contracts],
    }


def file_keys(message: Message) -> Iterable[str]:
    match message.data:
        case KeyForgotten(topic="desk.cancellation-states", key=key):
            return (key,)
        case CancellationStated(contract_number=key):
            return (key,)
    return ()


def fold_file(document: Document, message: Message) -> Document:
    """Suspended cancellations and renewals wait for a professional though no inquiry does."""
    event = message.data
    if isinstance(event, KeyForgotten) or document == FORGOTTEN:
        return dict(FORGOTTEN)
    assert isinstance(event, CancellationStated)
    if _is_older(event.sequence, event.version, document):
        return document
    last = {"sequence": event.sequence, "version": event.version}
    return last | _suspended(event) | _renewals(event)


def _suspended(event: CancellationStated) -> Document:
    if event.status is not CancellationStatus.SUSPENDED or event.cancellation is None:
        return {}
    return {
        FileBoard.SUSPENDED: True,
        "inquiry_id": event.cancellation.inquiry_id,
        "effective_on": event.cancellation.effective_on.isoformat(),
    }


def _renewals(event: CancellationStated) -> Document:
    referred = [it for it in event.renewals if it.referred is not None]
    if not referred:
        return {}
    told = [it.model_dump(mode="json") for it in referred]
    first = min(it["lapses_on"] for it in told)
    return {FileBoard.RENEWALS: True, "lapses_on": first, "renewals": told}


def _is_older(sequence: int, version: int, document: Document) -> bool:
    known = document.get("sequence", -1), document.get("version", -1)
    return (sequence, version) < known


def policy_keys(message: Message) -> Iterable[str]:
    return (message.data.policy,) if isinstance(message.data, PolicyInForce) else ()


def fold_policy(_document: Document, message: Message) -> Document:
    """The service announces them at each start: the last announcement counts."""
    assert isinstance(message.data, PolicyInForce)
    return message.data.model_dump(mode="json")


PROJECTIONS = (
    Projection(POLICIES, ("desk.policies",), policy_keys, fold_policy),
    Projection(
        INQUIRIES,
        ("desk.inquiry-states",),
        inquiry_keys,
        fold_inquiry,
        tuple((board.value, "answer_due_at") for board in Board),
    ),
    Projection(
        FILES,
        ("desk.cancellation-states",),
        file_keys,
        fold_file,
        tuple((board.value, SORTED_BY[board]) for board in FileBoard),
    ),
)


class Boards:
    """Reads them. Its methods raise `Outage`."""

    def __init__(self, serving: Callable[[str], Collection]) -> None:
        self._serving = serving

    async def inquiries(self, board: Board, first: int = 0) -> Listed:
        """A page of a board, the earliest answer target first."""
        return await self._page(INQUIRIES, {board.value: True}, "answer_due_at", first)

    async def files(self, board: FileBoard, first: int = 0) -> Listed:
        """A page of contracts, the earliest date first."""
        return await self._page(FILES, {board.value: True}, SORTED_BY[board], first)

    async def counts(self) -> Mapping[str, int]:
        """How many wait on each board of professionals."""
        with mongodb_errors_as_outage():
            files = self._serving(FILES)
            found = {it.value: await files.count_documents({it.value: True}) for it in FileBoard}
            inquiries = self._serving(INQUIRIES)
            referred = Board.REFERRED.value
            return found | {referred: await inquiries.count_documents({referred: True})}

    async def policies(self) -> Sequence[dict[str, Any]]:
        """Those in force, by name."""
        with mongodb_errors_as_outage():
            found = self._serving(POLICIES).find({}).sort("policy", 1).limit(MOST_POLICIES)
            return await found.to_list(MOST_POLICIES)

    async def groups(self, now: datetime) -> Sequence[WorkGroup]:
        """How many wait for what; `now` is timezone-aware."""
        late = {Board.FOR_THE_DESK.value: True, "answer_due_at": {"$lt": now}}
        return [
            await self._group(Waiting.OVERDUE, late, "answer_due_at"),
            await self._group(Waiting.REFERRED, {Board.REFERRED.value: True}, "opened_at"),
            await self._renewals(),
            await self._group(Waiting.AWAITED, {Board.AWAITED.value: True}, "opened_at"),
        ]

    async def _group(self, waiting: Waiting, wanted: Document, since: str) -> WorkGroup:
        with mongodb_errors_as_outage():
            inquiries = self._serving(INQUIRIES)
            count = await inquiries.count_documents(wanted)
            first = await inquiries.find(wanted).sort("answer_due_at", 1).limit(1).to_list(1)
        if not first:
            return WorkGroup(waiting, 0)
        return WorkGroup(waiting, count, first[0][since], first[0]["reference"])

    async def _renewals(self) -> WorkGroup:
        wanted = {FileBoard.RENEWALS.value: True}
        with mongodb_errors_as_outage():
            files = self._serving(FILES)
            count = await files.count_documents(wanted)
            first = await files.find(wanted).sort("lapses_on", 1).limit(1).to_list(1)
        if not first:
            return WorkGroup(Waiting.RENEWALS, 0)
        since = start_of_day(date.fromisoformat(first[0]["lapses_on"]))
        return WorkGroup(Waiting.RENEWALS, count, since, first[0]["_id"])

    async def _page(self, name: str, wanted: Document, by: str, first: int) -> Listed:
        with mongodb_errors_as_outage():
            collection = self._serving(name)
            count = await collection.count_documents(wanted)
            begins = first if first < count else 0
            found = collection.find(wanted).sort(by, 1).skip(begins).limit(ON_A_PAGE)
            return Listed(await found.to_list(ON_A_PAGE), begins, count)
