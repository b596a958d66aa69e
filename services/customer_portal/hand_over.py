"""Hands attachments to the archive, before the submission that names them is published.

It may be done any number of times: the archive takes the same bytes under the same id once, and the
claim check has the same id each time. Where a virus scanner is set, nothing goes on unseen.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

import structlog

from services.customer_portal.record_owner import RecordOwner
from services.customer_portal.settings import Settings
from services.customer_portal.uploads import HANDED_OVER, REFUSED, Uploads
from shared.events.documents import LINK, DocumentReceived
from shared.events.topics import ARCHIVE, PORTAL
from shared.kafka.records import Envelope
from shared.mongo.client import Document
from shared.operations.service_client import Refused, ServiceError
from shared.outage import Outage
from shared.runtime import codec

log: structlog.stdlib.BoundLogger = structlog.get_logger()

SOURCE = f"/services/{PORTAL}"
WITHIN_SECONDS = 10.0
EXPIRES_AFTER = timedelta(days=30)
"""How long the archive looks for bytes that it was handed before."""
INFECTED, GONE = "infected", "gone"
CLAMD, SCANNED_WITHIN_SECONDS, CHUNK = "clamd", 30.0, 64 * 1024


class NotTaken(Exception):
    """The archive, or the scanner, does not take an attachment: trying again is no use."""


class Scanner(Protocol):
    """Scans a file for viruses before the archive gets it."""

    async def is_clean(self, content: bytes) -> bool:
        """Raises `Outage` if the scanner gives no answer."""
        ...


class Clamd:
    """ClamAV's daemon, by its INSTREAM command."""

    def __init__(self, address: str) -> None:
        self._host, _, self._port = address.rpartition(":")

    async def is_clean(self, content: bytes) -> bool:
        try:
            async with asyncio.timeout(SCANNED_WITHIN_SECONDS):
                answer = await self._scanned(content)
        except (OSError, TimeoutError, EOFError) as error:
            raise Outage(CLAMD, type(error).__name__) from None
        if answer.endswith(b" FOUND"):
            return False
        if answer != b"stream: OK":
            raise Outage(CLAMD, "no answer that says whether a file is clean")
        return True

    async def _scanned(self, content: bytes) -> bytes:
        reader, writer = await asyncio.open_connection(self._host, int(self._port))
        try:
            writer.write(b"zINSTREAM\0")
            for at in range(0, len(content), CHUNK):
                piece = content[at : at + CHUNK]
                writer.write(len(piece).to_bytes(4, "big") + piece)
                await writer.drain()
            writer.write((0).to_bytes(4, "big"))
            await writer.drain()
            return (await reader.readuntil(b"\0")).removesuffix(b"\0").strip()
        except asyncio.IncompleteReadError:
            raise EOFError from None
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


class HandOver:
    """Brings a submission's attachments to the archive."""

    def __init__(
        self, settings: Settings, uploads: Uploads, scanner: Scanner | None = None
    ) -> None:
        address = settings.clamd_address
        self._uploads = uploads
        self._scanner = scanner or (Clamd(address) if address else None)
        self._archive = RecordOwner(
            ARCHIVE, settings.contract_archive_url, settings, within_seconds=WITHIN_SECONDS
        )

    async def of(self, submission: Document) -> list[Envelope]:
        """Hand over what the submission names; the claim checks that are to be published.

        Raises `NotTaken`, `Outage`.
        """
        ids: Sequence[str] = submission["data"].get("documents") or ()
        await self._look_into(ids)
        return [await self._one(it, submission) for it in ids]

    async def _look_into(self, ids: Sequence[str]) -> None:
        """Every one before the archive has the first: it would keep that for nobody."""
        notes = {it["_id"]: it for it in await self._uploads.notes(ids)}
        for document_id in ids:
            note = notes.get(document_id)
            if note is None or note["state"] == REFUSED:
                raise NotTaken(GONE if note is None else note["cause"])
            if note["state"] != HANDED_OVER:
                await self._scan(document_id)

    async def _scan(self, document_id: str) -> None:
        upload = await self._uploads.read(document_id) if self._scanner is not None else None
        if upload is None or self._scanner is None:
            return
        if not await self._scanner.is_clean(bytes(upload["content"])):
            await self._uploads.refused(document_id, INFECTED)
            raise NotTaken(INFECTED)

    async def _one(self, document_id: str, submission: Document) -> Envelope:
        upload = await self._uploads.read(document_id)
        if upload is None or upload["state"] == REFUSED:
            raise NotTaken(GONE if upload is None else upload["cause"])
        if upload["state"] != HANDED_OVER:
            try:
                await self._hand_in(upload, submission["customer_id"])
            except NotTaken as refusal:
                await self._uploads.refused(document_id, str(refusal))
                raise
            await self._uploads.handed_over(document_id)
        return _claim_check(upload, submission)

    async def _hand_in(self, upload: Document, customer_id: str) -> None:
        content = bytes(upload["content"])
        given = {
            "document_id": upload["_id"],
            "customer_id": customer_id,
            "media_type": upload["media_type"],
            "sha256": upload["sha256"],
            "content": base64.b64encode(content).decode(),
        }
        try:
            await self._archive.tell(lambda archive: archive.hand_in(given))
        except Refused as error:
            if any(fault.startswith("content") for fault in error.faults):
                raise NotTaken(error.faults[0].rpartition(" ")[2]) from None
            raise Outage(ARCHIVE, type(error).__name__) from None
        except ServiceError as error:
            raise Outage(ARCHIVE, type(error).__name__) from None

    async def close(self) -> None:
        await self._archive.close()


def _claim_check(upload: Document, submission: Document) -> Envelope:
    """The same bytes each time: its id is the document's."""
    received = DocumentReceived(
        document_id=upload["_id"],
        customer_id=submission["customer_id"],
        purpose=submission["type"].removeprefix("submission.").removesuffix(".v1"),
        file_name=upload["file_name"],
        media_type=upload["media_type"],
        size=upload["size"],
        sha256=upload["sha256"],
        link=LINK + upload["_id"],
        expires_at=(upload["at"] + EXPIRES_AFTER).isoformat(),
    )
    return codec.envelope(
        upload["_id"],
        received.ce_type,
        codec.dump(received),
        source=SOURCE,
        subject=upload["_id"],
        at=upload["at"],
        causation_id=submission["_id"],
        correlation_id=submission["_id"],
        traceparent=submission.get("traceparent"),
    )
