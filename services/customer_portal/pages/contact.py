"""Contact (F5, F6): the type of request, its questions and answers first, then the form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

from services.customer_portal import faq
from services.customer_portal.pages.attachments import form_with_attachments, ids_of
from services.customer_portal.pages.common import common, desk, hours, new_customer_id, send
from services.customer_portal.portal import Portal
from services.customer_portal.words import TOPIC
from shared.events.choices import RequestType
from shared.events.submissions import InquirySubmitted
from shared.events.values import Language
from shared.mongo.client import Document
from shared.web.forms import Form, text
from shared.web.languages import N_
from shared.web.pages import NotFound, Visit

NAMES: Mapping[Language, Mapping[str, RequestType]] = {
    Language.ES: {
        "contratos": RequestType.CONTRACTS,
        "pedidos": RequestType.ORDERS_AND_DELIVERIES,
        "inventario": RequestType.INVENTORY_AND_MAINTENANCE,
        "facturas": RequestType.INVOICES_AND_PAYMENTS,
    },
    Language.EN: {
        "contracts": RequestType.CONTRACTS,
        "orders": RequestType.ORDERS_AND_DELIVERIES,
        "inventory": RequestType.INVENTORY_AND_MAINTENANCE,
        "invoices": RequestType.INVOICES_AND_PAYMENTS,
    },
}
"""A request type's name in an address."""
FIELDS = ("contract_number", "subject", "text", "files", "name", "email", "phone")
REQUIRED = {
    "subject": N_("Write the subject"),
    "text": N_("Write your inquiry"),
}
REQUIRED_OF_VISITORS = {
    "name": N_("Write your name"),
    "email": N_("Write your e-mail address"),
}


async def contact(portal: Portal, visit: Visit) -> Response:
    return visit.show("contact.html", **_shown(portal, visit, None), form=Form())


async def contact_about(portal: Portal, visit: Visit) -> Response:
    topic = _topic(visit)
    if not visit.posted:
        return visit.show("contact.html", **_shown(portal, visit, topic), form=Form())
    sent, form, staged = await form_with_attachments(portal, visit)
    submission_id = visit.submission_id(sent)
    event = _judged(portal, visit, form, topic, submission_id, ids_of(staged))
    if event is None:
        shown = _shown(portal, visit, topic, staged)
        return visit.show("contact.html", 422, **shown, form=form)
    return await send(portal, visit, submission_id, event)


def _topic(visit: Visit) -> RequestType:
    """Either language's word will do: a link between the languages keeps it."""
    name = visit.parameter("topic")
    for language in Language:
        if name in NAMES[language]:
            return NAMES[language][name]
    raise NotFound


def _shown(
    portal: Portal,
    visit: Visit,
    topic: RequestType | None,
    staged: Sequence[Document] = (),
) -> dict[str, Any]:
    names = NAMES[visit.language]
    return {
        "topics": [(name, it, *TOPIC[it]) for name, it in names.items()],
        "topic": topic,
        "topic_name": next((name for name, it in names.items() if it is topic), ""),
        "questions": faq.about(faq.answered(visit, desk(portal)), topic) if topic else [],
        "hours": hours(portal),
        "staged": staged,
    }


def _judged(
    portal: Portal,
    visit: Visit,
    form: Form,
    topic: RequestType,
    submission_id: str,
    documents: list[str] | None,
) -> InquirySubmitted | None:
    """The event that the form becomes; None where it has faults, which it then holds."""
    holder = visit.holder
    contact = {name: text(form, name) for name in ("name", "email", "phone")}
    data = {
        **common(portal, visit),
        "customer_id": holder.customer_id if holder else new_customer_id(submission_id),
        "request_type": topic,
        "subject": text(form, "subject"),
        "text": text(form, "text"),
        "contract_number": text(form, "contract_number"),
        "contact": contact if any(contact.values()) else None,
        "documents": documents,
    }
    form.require(REQUIRED if holder else REQUIRED | REQUIRED_OF_VISITORS)
    names = {f"contact.{name}": name for name in contact}
    form.judge(InquirySubmitted, data, names)
    form.in_order(FIELDS)
    return None if form.faults else InquirySubmitted.model_validate(data)
