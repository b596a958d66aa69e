"""Deletes bytes that nobody has claimed in time, and those of customers who were forgotten."""

from __future__ import annotations

from datetime import datetime, timedelta

from services.contract_archive.attachment.check import CLAIM, Claim
from services.contract_archive.attachment.state import FILE_PREFIX, document_id_of
from services.contract_archive.erasure.decide import Erasure
from shared.events.internal import AttachmentsDeleted
from shared.mongo.client import FILES, Database
from shared.mongo.errors import mongodb_errors_as_outage
from shared.mongo.indexes import create_indexes_on

UNCLAIMED_FOR = timedelta(days=31)
"""The portal's claim checks expire 30 days after the bytes came to it."""
AT_ONCE = 100
CLOCKS_DIFFER = timedelta(minutes=1)
"""Tolerance between a file's time and the broker's; the service reports a larger clock skew."""


async def clean_up(database: Database, now: datetime) -> int:
    """`delete_unclaimed`, by an index. Raises PyMongoError."""
    by = [[f"metadata.{CLAIM}", "uploadDate"], ["metadata.customer_id", "uploadDate"]]
    await create_indexes_on(database.collection(FILES), by)
    return await delete_unclaimed(database, now)


async def delete_unclaimed(database: Database, now: datetime) -> int:
    """Deletes bytes that were handed over 31 days ago and are not claimed, or were refused unseen.

    Answers how many files that were. Raises PyMongoError.
    """

    async def too_old(claim: Claim) -> list[str]:
        before = now - UNCLAIMED_FOR
        return await database.files_like(
            FILE_PREFIX, {CLAIM: claim.value}, before=before, most=AT_ONCE
        )

    for file_id in await too_old(Claim.AWAITED):
        await database.change_note(file_id, CLAIM, Claim.AWAITED, Claim.EXPIRED)
    expired = await too_old(Claim.EXPIRED)
    for file_id in expired:
        await database.delete_file(file_id)
    return len(expired)


async def erase(erasure: Erasure, database: Database) -> AttachmentsDeleted:
    """Deletes the attachments that the customer uploaded before the tombstone. Raises `Outage`."""
    with mongodb_errors_as_outage():
        found = await database.files_like(
            FILE_PREFIX,
            {"customer_id": erasure.customer_id},
            before=erasure.forgotten_at + CLOCKS_DIFFER,
            most=AT_ONCE,
        )
        for file_id in found:
            await database.delete_file(file_id)
    return AttachmentsDeleted(
        customer_id=erasure.customer_id,
        document_ids=tuple(map(document_id_of, found)),
        more=len(found) == AT_ONCE,
    )
