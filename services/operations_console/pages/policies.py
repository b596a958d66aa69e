"""The cancellation policies in words, and what a request would bring: asked of their service."""

from __future__ import annotations

from datetime import date
from typing import Any

from starlette.responses import Response

from services.operations_console.agent_words import previewed_words
from services.operations_console.console import Console
from shared.events.topics import CANCELLATION
from shared.operations.service_client import Refused, ServiceError
from shared.web.forms import Form
from shared.web.languages import N_
from shared.web.pages import Visit
from shared.web.sessions import Operator

LONGEST = 64
NO_DATE = N_("Write the date like 2027-01-31")
TOO_LONG = N_("No id is as long as this")
FIELDS = ("contract", "customer", "ends_on", "destroyed", "signed")


async def policies(console: Console, visit: Visit, _operator: Operator) -> Response:
    """In force and to come; with a contract in the address, a preview that changes nothing."""
    form = Form({name: visit.asked(name).strip() for name in FIELDS})
    answer: dict[str, Any] = {"previewed": None, "known": True, "silent": None, "faults": ()}
    question = _question(form) if form["contract"] else None
    if question is not None:
        answer |= await _previewed(console, visit, question)
    return visit.show(
        "policies.html",
        422 if form.faults else 200,
        form=form,
        policies=await console.boards.policies(),
        **answer,
    )


def _question(form: Form) -> dict[str, Any] | None:
    for name in ("contract", "customer"):
        if len(form[name]) > LONGEST:
            form.add(name, TOO_LONG)
    try:
        ends_on = date.fromisoformat(form["ends_on"]).isoformat() if form["ends_on"] else None
    except ValueError:
        form.add("ends_on", NO_DATE)
    if form.faults:
        return None
    return {
        "contract_number": form["contract"],
        "customer_id": form["customer"] or None,
        "destruction_confirmed": form["destroyed"] == "yes",
        "signed": form["signed"] == "yes",
        "requested_end_on": ends_on,
    }


async def _previewed(console: Console, visit: Visit, question: dict[str, Any]) -> dict[str, Any]:
    try:
        async with console.owners.asked() as services:
            answer = await services[CANCELLATION].preview(question)
    except Refused as refused:
        return {"faults": refused.faults}
    except ServiceError as error:
        return {"silent": error.service}
    return {
        "previewed": previewed_words(answer.events, visit.language),
        "known": answer.known,
    }
