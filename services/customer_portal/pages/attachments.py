"""Attachments: how a form takes them, how a page shows them, and the download (F4)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from starlette.datastructures import FormData
from starlette.responses import Response

from services.customer_portal.documents import download
from services.customer_portal.file_names import clean
from services.customer_portal.pages.common import new_customer_id
from services.customer_portal.portal import Portal
from services.customer_portal.uploads import UPLOADS_AN_HOUR, QuotaOwner
from services.customer_portal.words import ATTACHMENT
from shared.events.documents import MOST_BYTES
from shared.events.topics import ARCHIVE
from shared.mongo.client import Document
from shared.outage import Outage
from shared.web.forms import Form, given
from shared.web.pages import NotFound, Visit
from shared.web.sessions import Holder

DROP = "drop"
UNSENT = "unsent"
SETTLED = frozenset({"kept", "refused", UNSENT})
"""Standings of an attachment that no answer of the archive is still to change."""


async def form_with_attachments(
    portal: Portal, visit: Visit
) -> tuple[FormData, Form, list[Document]]:
    """The form that was sent, and everything attached to it by now. Raises `Forged`, `TooMany`."""
    sent, files = await visit.form_with_files(MOST_BYTES)
    form, holder = given(sent), visit.holder
    if files:
        who = holder.customer_id if holder else visit.client
        await portal.limits.spend(UPLOADS_AN_HOUR, "upload", who)
    whose = holder.customer_id if holder else visit.session.visitor.key
    owner = QuotaOwner(whose, visit.client, is_visitor=holder is None)
    dropped = [it for it in sent.getlist(DROP) if isinstance(it, str)]
    staged = await portal.uploads.take(owner, visit.submission_id(sent), files, dropped, form)
    return sent, form, staged


def ids_of(staged: Sequence[Document]) -> list[str] | None:
    """Returns the ids as an event's field; None if there are none."""
    return [str(it["_id"]) for it in staged] or None


async def described(
    portal: Portal, customer_id: str, document_ids: Iterable[str], unsent: Collection[str] = ()
) -> dict[str, dict[str, Any]]:
    """Describes these attachments of one customer by id: name, size and standing.

    Attachments that are not on the topics yet are described from the customer's own upload. The
    archive never hears of those in `unsent`, as another one of their form was not taken.
    """
    ids = [*dict.fromkeys(document_ids)]
    if not ids:
        return {}
    notes = await portal.uploads.notes(ids)
    uploads = {it["_id"]: it for it in notes if _is_of(it, customer_id)}
    told = {it["_id"]: it for it in await portal.queries.attachments(Holder(customer_id), ids)}
    found: dict[str, dict[str, Any]] = {}
    for document_id in ids:
        known = told.get(document_id, {})
        upload = uploads.get(document_id, {})
        name = known.get("file_name") or upload.get("file_name")
        if name is None:
            continue
        standing = known.get("standing") or upload.get("state") or ""
        if document_id in unsent and standing not in SETTLED:
            standing = UNSENT
        words, colour = ATTACHMENT.get(standing, ATTACHMENT["awaited"])
        found[document_id] = {
            "id": document_id,
            "name": clean(name),
            "kilobytes": max(1, round((known.get("size") or upload.get("size") or 0) / 1024)),
            "kept": standing == "kept",
            "settled": standing in SETTLED,
            "words": words,
            "colour": colour,
        }
    return found


def _is_of(note: Document, customer_id: str) -> bool:
    """A visitor's upload is that of the customer whom the form made."""
    return customer_id in (note["owner"], new_customer_id(note["submission_id"]))


async def attachment(portal: Portal, visit: Visit, holder: Holder) -> Response:
    """The file as it was sent, which no browser shows as a page of ours."""
    document_id = visit.parameter("id")
    told = next(iter(await portal.queries.attachments(holder, [document_id])), None)
    if told is None or told.get("standing") != "kept":
        raise NotFound
    found = await portal.documents.read(holder, None, document_id)
    if found is None:
        raise Outage(ARCHIVE, "no answer")
    return download(found, clean(str(told.get("file_name", ""))))
