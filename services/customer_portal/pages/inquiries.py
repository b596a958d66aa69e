"""My inquiries (F4): the list, and one conversation each, to follow up, close or reopen."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.responses import Response

from services.customer_portal.documents import made
from services.customer_portal.outbox import SOURCE, Sent
from services.customer_portal.pages.attachments import (
    described,
    form_with_attachments,
    ids_of,
)
from services.customer_portal.pages.common import (
    SENT_BEFORE,
    common,
    first_on_page,
    neighbours,
    send,
)
from services.customer_portal.portal import Portal
from services.customer_portal.projections import submission_key
from services.customer_portal.queries import ON_A_PAGE
from services.customer_portal.words import KIND, STATUS, WHO, status_of
from shared.events.inquiries import InquiryClosed
from shared.events.submissions import FollowUpSubmitted
from shared.mongo.client import Document
from shared.web.forms import Form, text
from shared.web.languages import N_
from shared.web.live import Part, live
from shared.web.pages import Visit
from shared.web.sessions import Holder

NOTHING_SAID = N_("Write your message")
CLOSE = "close"
UNSETTLED = frozenset({"pending", "evidence_awaited", "referred", "scheduled"})
"""How far a contract of an inquiry is while the inquiry cannot be closed."""


async def inquiries(portal: Portal, visit: Visit, holder: Holder) -> Response:
    wanted = visit.asked("status") if visit.asked("status") in STATUS else ""
    first = first_on_page(visit)
    statuses = (wanted,) if wanted else tuple(STATUS)
    found, numbers = await asyncio.gather(
        portal.queries.inquiries(holder, statuses, first),
        asyncio.gather(*(portal.queries.number_of_inquiries(holder, it) for it in STATUS)),
    )
    counts = dict(zip(STATUS, numbers, strict=True))
    return visit.show(
        "inquiries.html",
        inquiries=[_listed(it) for it in found[:ON_A_PAGE]],
        counts=counts,
        total=sum(counts.values()),
        wanted=wanted,
        **neighbours(first, ON_A_PAGE, more=len(found) > ON_A_PAGE),
        STATUS=STATUS,
    )


def _listed(inquiry: Document) -> dict[str, Any]:
    stated = inquiry.get("stated", {})
    kind = str(inquiry.get("kind") or stated.get("kind", ""))
    return {
        "id": inquiry["_id"],
        "reference": inquiry.get("reference") or stated.get("reference"),
        "subject": inquiry.get("subject"),
        "kind": KIND.get(kind, KIND["inquiry"]),
        "is_question": kind == "inquiry",
        "status": status_of(inquiry),
        "opened_at": inquiry.get("opened_at") or stated.get("opened_at"),
        "due": inquiry.get("answer_due_at") or stated.get("answer_due_at"),
        "contract_numbers": inquiry.get("contract_numbers", ()),
    }


async def inquiry(portal: Portal, visit: Visit, holder: Holder) -> Response:
    inquiry_id = visit.parameter("id")
    found = await portal.queries.inquiry(holder, inquiry_id)
    form, staged = Form(), list[Document]()
    if visit.posted:
        sent, form, staged = await form_with_attachments(portal, visit)
        event = _judged(portal, visit, holder, form, inquiry_id, ids_of(staged))
        if event is not None:
            submission_id = visit.submission_id(sent)
            return await send(portal, visit, submission_id, event, about=inquiry_id)
    return visit.show(
        "inquiry.html",
        422 if form.faults else 200,
        form=form,
        staged=staged,
        sent_before=bool(visit.asked(SENT_BEFORE)),
        **await _shown(portal, holder, found),
    )


def _judged(
    portal: Portal,
    visit: Visit,
    holder: Holder,
    form: Form,
    inquiry_id: str,
    documents: list[str] | None,
) -> FollowUpSubmitted | None:
    closes = form["act"] == CLOSE
    if not closes and not documents:
        form.require({"text": NOTHING_SAID})
    data = {
        **common(portal, visit),
        "customer_id": holder.customer_id,
        "inquiry_id": inquiry_id,
        "text": text(form, "text"),
        "close": closes,
        "documents": documents,
    }
    form.judge(FollowUpSubmitted, data, {})
    return None if form.faults else FollowUpSubmitted.model_validate(data)


async def inquiry_live(portal: Portal, visit: Visit, holder: Holder) -> Response:
    inquiry_id = visit.parameter("id")
    await portal.queries.inquiry(holder, inquiry_id)
    waiting = await portal.outbox.follow_ups(holder, inquiry_id)

    async def part() -> Part:
        found = await portal.queries.inquiry(holder, inquiry_id)
        shown = await _shown(portal, holder, found)
        return Part(visit.html("parts/conversation.html", **shown), False)

    ids = (
        inquiry_id,
        *(submission_key(SOURCE, it.id) for it in waiting),
        *(id for it in waiting for id in it.data.get("documents") or ()),
    )
    return live(portal.changes, ids, part, visit.viewer, visit.site.streams, visit.site.stopping)


async def _shown(portal: Portal, holder: Holder, found: Document) -> dict[str, Any]:
    """The conversation, and what the customer has sent that is not in it yet."""
    told = {it.get("submission_id") for it in found.get("entries", ())}
    is_closed = status_of(found) == "closed" or any(
        it.get("type") == InquiryClosed.ce_type for it in found.get("entries", ())
    )
    waiting: list[dict[str, Any]] = []
    refused: list[dict[str, Any]] = []
    for follow_up in await portal.outbox.follow_ups(holder, str(found["_id"])):
        if follow_up.id in told:
            continue
        answer = await portal.queries.answer(submission_key(SOURCE, follow_up.id))
        is_refused = answer.get("rejected") or follow_up.refused
        if not is_refused and is_closed and _only_closes(follow_up):
            continue
        (refused if is_refused else waiting).append(
            {"sent": follow_up, "rejected": answer.get("rejected", ())}
        )
    listed = _listed(found)
    mine = [*(found.get("documents") or ())]
    for it in found.get("entries", ()):
        mine += it.get("documents") or ()
    unsent: list[str] = []
    for it in (*waiting, *refused):
        documents = it["sent"].data.get("documents") or ()
        mine += documents
        unsent += documents if it["sent"].refused else ()
    stated = found.get("stated", {}).get("contracts", ())
    return {
        "inquiry": listed,
        "details": found.get("details", ()),
        "entries": [it for it in found.get("entries", ()) if it.get("note") or it.get("text")],
        "opened": _opening(found),
        "document": made(found, portal.now()),
        "documents": found.get("documents") or (),
        "attachments": await described(portal, holder.customer_id, mine, unsent),
        "waiting": waiting,
        "refused": refused,
        "may_close": listed["status"] != "closed"
        and not any(it["status"] in UNSETTLED for it in stated),
        "STATUS": STATUS,
        "WHO": WHO,
    }


def _only_closes(follow_up: Sent) -> bool:
    """Whether it has left and asks for the close alone: of what is closed, nothing comes of it."""
    said = follow_up.data
    nothing_else = not (said.get("text") or said.get("documents"))
    return bool(said.get("close")) and nothing_else and not follow_up.sending


def _opening(found: Document) -> str:
    """The customer's first message."""
    said = {it["field"]: it["value"] for it in found.get("details", ())}
    return str(said.get("text") or said.get("comment") or "")
