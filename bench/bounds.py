"""Do the largest records stay small, and a decision as cheap as the first? `make bench-bounds`.

Each flow sends one record's aggregate message after message, through the service's own stage on a
real database, or with `--in-memory` on documents that are kept as bytes in this process: an hour's
run in minutes. Printed are the CPU per message of this process at the beginning and at the end (the
database's is not in it), the largest document, and what became of the last message.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, cast
from uuid import NAMESPACE_URL, uuid5

import bson
from bson.codec_options import CodecOptions

from desk.local.stack import embedded_stack
from services.cancellation.service import build as cancellation
from services.cancellation.settings import Settings as CancellationSettings
from services.contract_archive.service import build as archive
from services.contract_archive.settings import Settings as ArchiveSettings
from services.inquiry_intake.service import build as intake
from services.inquiry_intake.settings import Settings as IntakeSettings
from services.notification.service import build as notification
from services.notification.settings import Settings as NotificationSettings
from shared.events.billing import InvoiceIssued
from shared.events.envelope import Ref, message_uuid
from shared.events.requests import CancellationRequested
from shared.mongo.client import Database, Document
from shared.runtime.aggregates.aggregate import Aggregate
from shared.runtime.aggregates.archive import Archive
from shared.runtime.aggregates.store import Store
from shared.runtime.decider import Service
from shared.telemetry import logging
from tests.builders import archive as archive_events
from tests.builders import cancellation as file_events
from tests.builders import notification as notification_events
from tests.builders.submissions import CONTACT, SOUND
from tests.integration.runtime.bounded import NOW, Desk, Sent, desk_of

CHANNEL = "/channels/web"
FOLLOW_UP_CHARACTERS = 9_000
LOOK = 200


@dataclass(frozen=True)
class Flow:
    """Messages to one aggregate, and which document grows with them."""

    name: str
    count: int
    service: Callable[[], Service]
    records: Callable[[Desk], Iterator[Sent]]
    kind: str
    aggregate: str
    batch: int = 1


@dataclass(frozen=True)
class Seen:
    """CPU per message in milliseconds, sizes in bytes, `types` of what the last message caused."""

    first_ms: float
    last_ms: float
    largest: int
    dead: int
    types: tuple[str, ...]


class NoArchive(Archive):
    """Forgets what is archived; none of the flows repeats a message."""

    async def recall(self, *_: Any) -> None:
        """Nothing is left to remember."""

    async def begun_by(self, *_: Any) -> dict[str, str]:
        """Returns no causes, since nothing is archived."""
        return {}


class InMemory(Store):
    """A store whose documents are bytes in this process. It forgets archived histories."""

    def __init__(self, service: Service) -> None:
        super().__init__(cast("Database", None), service.deciders)
        self._archive = NoArchive(cast("Database", None))
        self.kept: dict[str, dict[str, bytes]] = defaultdict(dict)

    async def _documents(self, kind: str, ids: Sequence[str]) -> list[Document]:
        return [_decoded(self.kept[kind][name]) for name in ids if name in self.kept[kind]]

    async def _write_kind(self, kind: str, touched: Sequence[Aggregate]) -> None:
        for aggregate in touched:
            fields = self._mapper.fields(aggregate)
            history = [*aggregate.known.values()][aggregate.leaving :]
            present = {name: it for name, it in fields.items() if it is not None}
            document = {"_id": aggregate.ref.id, "history": history, "state": None, **present}
            self.kept[kind][aggregate.ref.id] = bson.encode(document)

    async def look_up(self, aliases: Iterable[Ref]) -> dict[Ref, Ref]:
        """By reading every document: there is one."""
        found: dict[Ref, Ref] = {}
        for alias in aliases:
            name = self.decider(alias.kind).alias
            for key, raw in self.kept[alias.kind].items():
                if _decoded(raw)["state"][name] == alias.id:
                    found[alias] = Ref(alias.kind, key)
        return found


def _decoded(raw: bytes) -> Document:
    return bson.decode(raw, CodecOptions(tz_aware=True, tzinfo=UTC))


@asynccontextmanager
async def in_memory(service: Service) -> AsyncIterator[Desk]:
    yield Desk(service, cast("Database", None), InMemory(service))


async def run(flow: Flow, mongo_url: str | None, count: int) -> Seen:
    """Send `count` messages; the document is looked at every `LOOK` of them."""
    costs: list[float] = []
    sizes: list[int] = []
    dead = 0
    service = flow.service()
    opened = in_memory(service) if mongo_url is None else desk_of(mongo_url, service)
    async with opened as desk:
        desk.now = NOW
        records = islice(flow.records(desk), count)
        while batch := list(islice(records, flow.batch)):
            desk.outgoing.clear()
            began = time.process_time()
            await desk.process(*batch)
            costs.append((time.process_time() - began) / len(batch) * 1000)
            dead += len(desk.letters())
            if len(costs) % LOOK == 0 or len(costs) * flow.batch >= count:
                sizes.append(await size_of(desk, flow))
        last = tuple(event.type for event in desk.outgoing if hasattr(event, "type"))
    part = max(1, len(costs) // 10)
    middle = [sorted(some)[len(some) // 2] for some in (costs[:part], costs[-part:])]
    return Seen(middle[0], middle[1], max(sizes), dead, last)


async def size_of(desk: Desk, flow: Flow) -> int:
    if isinstance(desk.store, InMemory):
        return len(desk.store.kept[flow.kind].get(flow.aggregate, b""))
    found = await desk.database.collection(flow.kind).find_one({"_id": flow.aggregate})
    return 0 if found is None else len(bson.encode(found))


def submission(kind: str, **fields: object) -> dict[str, object]:
    said = {"customer_id": "C-0001", "channel": "web", "received_at": NOW.isoformat()}
    return said | SOUND.get(kind, {}) | fields


def follow_ups(desk: Desk) -> Iterator[Sent]:
    """One inquiry, and its customer who keeps writing."""
    opened = submission("inquiry", contact=CONTACT)
    yield desk.record("submission.inquiry.v1", opened, "C-0001", "first", CHANNEL)
    while True:
        more = {"inquiry_id": INQUIRY, "text": "a" * FOLLOW_UP_CHARACTERS}
        body = submission("follow_up", **more)
        yield desk.record("submission.follow_up.v1", body, "C-0001", None, CHANNEL)


INQUIRY = str(message_uuid(CHANNEL, "first"))


def registrations(desk: Desk) -> Iterator[Sent]:
    """A customer who registers again and again."""
    while True:
        yield desk.event(archive_events.registration(), archive_events.HOLDER)


def copies(desk: Desk) -> Iterator[Sent]:
    """Copies of one contract, each made before the next one is asked for."""
    number, holder = archive_events.NUMBER, archive_events.HOLDER
    yield desk.event(archive_events.recorded(), number)
    yield desk.event(archive_events.registration(), holder)
    yield desk.event(archive_events.authorisation(), holder)
    for inquiry in inquiries():
        yield desk.event(archive_events.copy_requested(inquiry), number)
        yield desk.event(archive_events.stored(document_id(number, inquiry)), number)


def copies_at_once(desk: Desk) -> Iterator[Sent]:
    """Copies of one contract, none of them made: the worker is down."""
    return (record for record in copies(desk) if record.topic != "desk.outcomes")


def strangers_copies(desk: Desk) -> Iterator[Sent]:
    """Copies asked for by customers who do not hold the contract."""
    number = archive_events.NUMBER
    yield desk.event(archive_events.recorded(), number)
    for inquiry in inquiries():
        asked = archive_events.copy_requested(inquiry, f"C-{inquiry}")
        yield desk.event(asked, number)


def strangers_requests(desk: Desk) -> Iterator[Sent]:
    """Cancellations asked for by customers who do not hold the contract; one in 100 by who does."""
    number = file_events.NUMBER
    yield desk.event(file_events.contract(), number)
    for count, inquiry in enumerate(inquiries()):
        who = file_events.HOLDER if count % 100 == 99 else f"C-{inquiry}"
        asked = file_events.confirmed(NOW.isoformat(), inquiry).model_dump()
        request = CancellationRequested(**asked | {"customer_id": who, "contract_number": number})
        yield desk.event(request, number)


def invoices(desk: Desk) -> Iterator[Sent]:
    """Renewal invoices of one contract, every other one paid."""
    number = file_events.NUMBER
    yield desk.event(file_events.contract(file_events.PASSPORT), number)
    for count, name in enumerate(inquiries()):
        issued = file_events.invoiced("2026-02-20", f"F-{name}")
        assert isinstance(issued, InvoiceIssued)
        yield desk.event(issued, number)
        if count % 2:
            yield desk.event(file_events.paid("2026-02-21", f"F-{name}"), number)


def file_contacts(desk: Desk) -> Iterator[Sent]:
    """Inquiries of one customer about one contract, as notification remembers them."""
    for count, inquiry in enumerate(inquiries()):
        at = NOW + timedelta(seconds=count)
        opened = notification_events.opened(inquiry_id=inquiry, opened_at=at)
        yield desk.event(opened, inquiry)


def inquiries() -> Iterator[str]:
    return (str(message_uuid("/bench", str(number))) for number in range(10_000_000))


def document_id(number: str, inquiry: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"{number} {inquiry}"))


def _cancellation() -> Service:
    return cancellation(CancellationSettings())


def _archive() -> Service:
    return archive(ArchiveSettings())


def _intake() -> Service:
    return intake(IntakeSettings())


def _notification() -> Service:
    return notification(NotificationSettings())


FILE, CONTRACT = file_events.NUMBER, archive_events.NUMBER
FILE_CONTACT = f"{notification_events.CUSTOMER}/{notification_events.CONTRACT}"

FLOWS = (
    Flow("follow-ups", 5_000, _intake, follow_ups, "inquiry", INQUIRY),
    Flow("copies", 2_000, _archive, copies, "contract", CONTRACT),
    Flow("copies at once", 1_000, _archive, copies_at_once, "contract", CONTRACT),
    Flow("strangers' copies", 5_000, _archive, strangers_copies, "contract", CONTRACT),
    Flow("registrations", 5_000, _archive, registrations, "customer", archive_events.HOLDER),
    Flow("contacts", 5_000, _notification, file_contacts, "contact", FILE_CONTACT),
    Flow("strangers' requests", 50_000, _cancellation, strangers_requests, "file", FILE, batch=25),
    Flow("invoices", 3_000, _cancellation, invoices, "file", FILE),
)


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("flows", nargs="*", help=", ".join(flow.name for flow in FLOWS))
    parser.add_argument("--share", type=float, default=1.0, help="of the full number of messages")
    parser.add_argument("--in-memory", action="store_true", help="without a database")
    asked = parser.parse_args()
    logging.configure("bench", level="ERROR")
    if asked.in_memory:
        await measure(asked, None)
        return
    with tempfile.TemporaryDirectory() as directory:
        async with embedded_stack(Path(directory)) as stack:
            await measure(asked, stack.endpoints.mongo_url)


async def measure(asked: argparse.Namespace, mongo_url: str | None) -> None:
    for flow in FLOWS:
        if asked.flows and flow.name not in asked.flows:
            continue
        count = int(flow.count * asked.share)
        seen = await run(flow, mongo_url, count)
        print(
            f"{flow.name:20} {count:7,} messages"
            f"  {seen.first_ms:6.2f} ms at first {seen.last_ms:6.2f} ms at last"
            f"  largest {seen.largest / 1024:7,.0f} KB  {seen.dead} dead letters",
            flush=True,
        )


if __name__ == "__main__":
    asyncio.run(main())
