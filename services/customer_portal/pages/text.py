"""A contract's text (F1): read, accept exactly what was read, and download what is kept."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from starlette.responses import Response

from services.customer_portal.documents import as_attachment
from services.customer_portal.outbox import AlreadySent
from services.customer_portal.pages.common import common, send, sent_before
from services.customer_portal.pages.contracts import own_contract
from services.customer_portal.portal import Portal
from shared.events.submissions import ContractAcceptanceSubmitted, ContractViewedSubmitted
from shared.mongo.client import Document
from shared.outage import Outage
from shared.web.forms import Form, given, text
from shared.web.languages import N_
from shared.web.pages import NotFound, Visit
from shared.web.sessions import Holder, key_of

READ, YES = "read", "yes"
FIELDS = (READ, "signed_by")
REQUIRED = {"signed_by": N_("Write your name")}
NOT_READ = N_("Confirm that you have read the text and accept it")


async def contract_text(portal: Portal, visit: Visit, holder: Holder) -> Response:
    """The text as it is now. Sending the form accepts the text that was shown with it."""
    contract = await own_contract(portal, holder, visit.parameter("number"))
    current = contract["facts"].get("text")
    if current is None:
        raise NotFound
    form = Form()
    if visit.posted:
        sent = await visit.form()
        form, submission_id = given(sent), visit.submission_id(sent)
        changed = form["text_sha256"] != current["sha256"]
        event = None if changed else _judged(portal, visit, holder, form, contract)
        if event is not None:
            return await send(portal, visit, submission_id, event)
        before = await sent_before(portal, visit, submission_id)
        return before or await _show(portal, visit, holder, contract, form, changed=changed)
    return await _show(portal, visit, holder, contract, form)


async def _show(
    portal: Portal,
    visit: Visit,
    holder: Holder,
    contract: dict[str, Any],
    form: Form,
    *,
    changed: bool = False,
) -> Response:
    current = contract["facts"]["text"]
    try:
        found = await portal.documents.read(holder, contract["number"], current["document_id"])
    except NotFound:  # the archive has another text by now, which this portal has yet to read
        found = None
    # What is shown is what is accepted: a text of another hash is neither.
    shown = found if found is not None and found.sha256 == current["sha256"] else None
    if shown is not None and not visit.posted:
        await _note_view(portal, visit, holder, contract["number"], current)
    return visit.show(
        "text.html",
        422 if form.faults or changed else 200,
        form=form,
        contract=contract,
        current=current,
        text=shown.content.decode("utf-8", "replace") if shown else None,
        sha256=shown.sha256 if shown else None,
        changed=changed,
    )


def _judged(
    portal: Portal, visit: Visit, holder: Holder, form: Form, contract: dict[str, Any]
) -> ContractAcceptanceSubmitted | None:
    said = common(portal, visit)
    data = {
        **said,
        "customer_id": holder.customer_id,
        "contract_number": contract["number"],
        "accepted": True,
        "signed_by": text(form, "signed_by"),
        "signed_at": said["received_at"],
        "text_sha256": form["text_sha256"],
        "authentication": _authentication(visit, portal.now()),
    }
    if form[READ] != YES:
        form.add(READ, NOT_READ)
    form.require(REQUIRED)
    form.judge(ContractAcceptanceSubmitted, data, {})
    form.in_order(FIELDS)
    return None if form.faults else ContractAcceptanceSubmitted.model_validate(data)


def _authentication(visit: Visit, now: datetime) -> dict[str, str]:
    """The session by a part of its key, which opens nothing."""
    at = visit.session.signed_in_at or now
    return {
        "method": visit.session.by.method,
        "level": visit.session.by.level,
        "at": at.isoformat(timespec="milliseconds"),
        "reference": key_of(visit.session.id)[:16],
    }


async def _note_view(
    portal: Portal, visit: Visit, holder: Holder, number: str, current: Document
) -> None:
    """Once a session and text, beside the page: that it cannot be noted keeps nobody from reading.

    It is kept and published later, so that reading does not wait for Kafka.
    """
    said = common(portal, visit)
    event = ContractViewedSubmitted.model_validate(
        {
            **said,
            "customer_id": holder.customer_id,
            "contract_number": number,
            "document_id": current["document_id"],
            "viewed_at": said["received_at"],
        }
    )
    once = f"{key_of(visit.session.id)} views {current['document_id']}"
    try:
        await portal.outbox.keep(visit.session, str(uuid5(NAMESPACE_URL, once)), event)
    except (Outage, AlreadySent):
        return


async def document(portal: Portal, visit: Visit, holder: Holder) -> Response:
    """A copy, a certificate or a text, passed on from the archive. Raises `NotFound`, `Outage`."""
    number = visit.parameter("number")
    contract = await own_contract(portal, holder, number)
    found = await portal.documents.read(holder, number, visit.parameter("id"))
    if found is None:
        raise Outage("contract_archive", "it does not answer")
    return as_attachment(found, str(contract["number"]))
