"""The inventory (F16): review it, and ask for corrections, based on the version that was seen."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from services.customer_portal.pages.common import changed, common, send, sent_before
from services.customer_portal.portal import Portal
from services.customer_portal.rooms.words import ITEM_FIELDS, ITEM_STATUS
from shared.events.submissions import InventoryUpdateSubmitted
from shared.mongo.client import Document
from shared.web.forms import Form, given, text
from shared.web.languages import N_
from shared.web.pages import Visit
from shared.web.sessions import Holder

FIELDS = (*ITEM_FIELDS, "comment")
NOTHING_CHANGED = N_("Change at least one of these")
UNKNOWN_STATUS = N_("Choose one of the options")


async def inventory(portal: Portal, visit: Visit, holder: Holder) -> Response:
    found = await portal.rooms.items(holder)
    pending = {it["item_id"] for it in await _pending(portal, holder)}
    return visit.show("inventory.html", items=found, pending=pending, ITEM_STATUS=ITEM_STATUS)


async def item(portal: Portal, visit: Visit, holder: Holder) -> Response:
    """One item and the form to correct it. If it changed meanwhile, both versions are shown."""
    item_id = visit.parameter("item")
    found = await portal.rooms.item(holder, item_id)
    form = Form({name: str(found.get(name, "")) for name in ITEM_FIELDS})
    conflict = False
    if visit.posted:
        sent = await visit.form()
        form, submission_id = given(sent), visit.submission_id(sent)
        conflict = form["version"] != str(found["version"])
        event = _judged(portal, visit, holder, form, found)
        if event is not None and not conflict:
            return await send(portal, visit, submission_id, event)
        before = await sent_before(portal, visit, submission_id)
        if before is not None:
            return before
    pending = [it for it in await _pending(portal, holder) if it["item_id"] == item_id]
    return visit.show(
        "item.html",
        409 if conflict else 422 if form.faults else 200,
        form=form,
        item=found,
        conflict=conflict,
        pending=pending,
        states=[(name, visit.translate(words)) for name, (words, _) in ITEM_STATUS.items()],
        ITEM_STATUS=ITEM_STATUS,
        ITEM_FIELDS=ITEM_FIELDS,
    )


def _judged(
    portal: Portal, visit: Visit, holder: Holder, form: Form, found: Document
) -> InventoryUpdateSubmitted | None:
    changes = changed(form, ITEM_FIELDS, found)
    data = {
        **common(portal, visit),
        "customer_id": holder.customer_id,
        "item_id": found["_id"],
        "expected_version": found["version"],
        "changes": changes,
        "comment": text(form, "comment"),
    }
    if not changes:
        form.add(next(iter(ITEM_FIELDS)), NOTHING_CHANGED)
    if form["status"] and form["status"] not in ITEM_STATUS:
        form.add("status", UNKNOWN_STATUS)
    form.judge(InventoryUpdateSubmitted, data, {f"changes.{name}": name for name in ITEM_FIELDS})
    form.in_order(FIELDS)
    return None if form.faults else InventoryUpdateSubmitted.model_validate(data)


async def _pending(portal: Portal, holder: Holder) -> list[dict[str, Any]]:
    """The corrections that the inventory system has not answered."""
    return [_asked(it) for it in await portal.queries.open_inventory_updates(holder)]


def _asked(inquiry: Document) -> dict[str, Any]:
    said = {it["field"]: it["value"] for it in inquiry.get("details", ())}
    return {
        "inquiry_id": inquiry["_id"],
        "reference": inquiry.get("reference"),
        "at": inquiry.get("opened_at"),
        "item_id": said.get("item_id"),
        "changes": {
            name: said[f"changes.{name}"] for name in ITEM_FIELDS if f"changes.{name}" in said
        },
    }
