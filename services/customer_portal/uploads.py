"""Checks customers' attachments, keeps them with the form's id, and hands them to the archive.

The bytes stay here until the archive has them; after that this keeps what a page says of them.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from limits import RateLimitItem, RateLimitItemPerDay, RateLimitItemPerHour

from services.customer_portal.file_names import clean
from shared.attachments import MOST_FILES, agrees, media_type_of
from shared.mongo.client import Database, Document
from shared.mongo.errors import mongodb_errors_as_outage
from shared.mongo.indexes import create_indexes_on
from shared.mongo.writes import insert_new
from shared.web.forms import Form
from shared.web.languages import N_
from shared.web.rate_limits import RateLimits, TooMany
from shared.web.uploads import Uploaded

UPLOADS_AN_HOUR: RateLimitItem = RateLimitItemPerHour(60)
"""Forms with files, of one customer or, without sign-in, from one address."""
MOST_IN_A_DAY = 50 * 1024 * 1024
"""Bytes that one customer or one browser may attach within a day."""
KIB_OF_ONE_CLIENT: RateLimitItem = RateLimitItemPerDay(256 * 1024)
"""Limit per address and day, since a browser can drop its cookie at will."""
STAGED = timedelta(days=1)
"""How long files wait for a form that is never sent."""
LONGEST_WAIT = timedelta(days=400)
"""Retention of a sent file while the archive does not answer; operations know long before."""
AWAITED, HANDED_OVER, REFUSED = "awaited", "handed_over", "refused"
NOT_CONTENT = {"content": 0}
VISITORS = "all visitors"

EMPTY = N_("The file is empty")
TOO_LARGE = N_("The file is larger than 5 MB")
TOO_MANY = N_("Attach at most five files")
NOT_TAKEN = N_("Attach a PDF, a picture (PNG, JPEG, HEIC) or plain text")
OTHERWISE_NAMED = N_("The file is not what its name says; save it again with the right ending")
TOO_MUCH = N_("You have attached too much today. Try again tomorrow, or send it by post or fax")


@dataclass(frozen=True, slots=True)
class QuotaOwner:
    """The owner of a quota, a customer or a visitor's browser, and its network address."""

    key: str
    client: str
    is_visitor: bool


class Uploads:
    """Files by document id. Its methods raise `Outage`."""

    def __init__(
        self,
        database: Database,
        limits: RateLimits,
        *,
        kept: timedelta,
        visitors_mib_a_day: int,
        now: Callable[[], datetime],
    ) -> None:
        self._uploads = database.collection("uploads")
        self._limits = limits
        self._kib_of_visitors = RateLimitItemPerDay(visitors_mib_a_day * 1024)
        self._kept = kept
        self._now = now

    async def prepare(self) -> None:
        """Create the indexes that are missing."""
        with mongodb_errors_as_outage():
            await create_indexes_on(
                self._uploads, [["submission_id"], ["owner", "at"]], expires_on="until"
            )

    async def staged(self, submission_id: str) -> list[Document]:
        """The form's files so far, without their bytes, oldest first."""
        of_form = {"submission_id": submission_id}
        with mongodb_errors_as_outage():
            found = self._uploads.find(of_form, NOT_CONTENT).sort("at", 1)
            return await found.to_list(2 * MOST_FILES)

    async def take(
        self,
        owner: QuotaOwner,
        submission_id: str,
        files: Sequence[Uploaded],
        dropped: Iterable[str],
        form: Form,
    ) -> list[Document]:
        """Keep the sound files with the form; a fault of any other is the form's.

        Answers with everything attached to it now. The same file twice is one.
        """
        await self._drop(submission_id, dropped)
        for file in files:
            message = await self._kept_or_why_not(owner, submission_id, file)
            if message is not None:
                form.add(file.field, message)
        return await self.staged(submission_id)

    async def _drop(self, submission_id: str, dropped: Iterable[str]) -> None:
        for document_id in [*dropped][: 2 * MOST_FILES]:
            of_form = {"_id": document_id, "submission_id": submission_id, "sent": False}
            with mongodb_errors_as_outage():
                await self._uploads.delete_one(of_form)

    async def _kept_or_why_not(
        self, owner: QuotaOwner, submission_id: str, file: Uploaded
    ) -> str | None:
        name = clean(file.file_name)
        if not file.size:
            return EMPTY
        if file.content is None:
            return TOO_LARGE
        media_type = media_type_of(file.content)
        if media_type is None:
            return NOT_TAKEN
        if not agrees(media_type, name, file.declared):
            return OTHERWISE_NAMED
        document_id = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{submission_id} {file.sha256}"))
        attached = [it["_id"] for it in await self.staged(submission_id)]
        if document_id in attached:
            return None
        if len(attached) >= MOST_FILES:
            return TOO_MANY
        if not await self._may_attach(owner, file.size):
            return TOO_MUCH
        await self._insert(
            {
                "_id": document_id,
                "owner": owner.key,
                "submission_id": submission_id,
                "field": file.field,
                "file_name": name,
                "media_type": media_type.value,
                "size": file.size,
                "sha256": file.sha256,
                "content": file.content,
                "at": self._now(),
                "state": AWAITED,
                "sent": False,
                "until": self._now() + STAGED,
            }
        )
        return None

    async def _may_attach(self, owner: QuotaOwner, size: int) -> bool:
        """Within what the owner, the address and, together, all visitors may attach in a day."""
        if await self._within_a_day(owner) + size > MOST_IN_A_DAY:
            return False
        kib = -(-size // 1024)
        try:
            await self._limits.spend(KIB_OF_ONE_CLIENT, "upload-kib", owner.client, kib)
            if owner.is_visitor:
                await self._limits.spend(self._kib_of_visitors, "upload-kib", VISITORS, kib)
        except TooMany:
            return False
        return True

    async def _within_a_day(self, owner: QuotaOwner) -> int:
        since = {"owner": owner.key, "at": {"$gt": self._now() - timedelta(days=1)}}
        with mongodb_errors_as_outage():
            found = await self._uploads.find(since, NOT_CONTENT).to_list(10_000)
        return sum(int(it["size"]) for it in found)

    async def _insert(self, document: Document) -> None:
        with mongodb_errors_as_outage():
            await insert_new(self._uploads, document)

    async def sending(self, document_ids: Sequence[str]) -> None:
        """They are about to be sent: they no longer go with a form that is not."""
        attached = {"_id": {"$in": [*document_ids]}, "sent": False}
        kept = {"sent": True, "until": self._now() + LONGEST_WAIT}
        with mongodb_errors_as_outage():
            await self._uploads.update_many(attached, {"$set": kept})

    async def read(self, document_id: str) -> Document | None:
        """One file with its bytes, where the archive does not have them yet."""
        with mongodb_errors_as_outage():
            return await self._uploads.find_one({"_id": document_id})

    async def handed_over(self, document_id: str) -> None:
        """The archive has the bytes: they are needed here no longer."""
        await self._settle(document_id, {"state": HANDED_OVER})

    async def refused(self, document_id: str, cause: str) -> None:
        await self._settle(document_id, {"state": REFUSED, "cause": cause})

    async def _settle(self, document_id: str, state: Document) -> None:
        change = {"$set": state | {"until": self._now() + self._kept}, "$unset": {"content": ""}}
        with mongodb_errors_as_outage():
            await self._uploads.update_one({"_id": document_id}, change)

    async def owners(self) -> list[str]:
        """Lists the owners of current uploads: customers, and visitors' browsers."""
        with mongodb_errors_as_outage():
            return [str(it) for it in await self._uploads.distinct("owner", {})]

    async def forget(self, owner: str) -> None:
        """Delete what this owner has attached, and what was said of it."""
        with mongodb_errors_as_outage():
            await self._uploads.delete_many({"owner": owner})

    async def notes(self, document_ids: Sequence[str]) -> list[Document]:
        """These files' records, without their bytes."""
        with mongodb_errors_as_outage():
            found = self._uploads.find({"_id": {"$in": [*document_ids]}}, NOT_CONTENT)
            return await found.to_list(len(document_ids))
