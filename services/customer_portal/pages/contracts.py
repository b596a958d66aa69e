"""My contracts: the list, and one page each with its facts, its state and what may be done (F1)."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from services.customer_portal.documents import is_available
from services.customer_portal.portal import Portal
from services.customer_portal.words import (
    CANCELLABLE,
    CONTRACT_STATUS,
    CONTRACT_TYPE,
    EVIDENCE,
    OTHER_TYPE,
    OVER,
    PERIOD,
    POLICY_OF,
    REFER,
    scheduled,
)
from shared.events.values import madrid_date
from shared.mongo.client import Document
from shared.web.pages import NotFound, Visit
from shared.web.sessions import Holder

REFERRED = "referred"
"""The status of a request that a professional decides, also after the contract's end."""
WORDS: dict[str, Any] = {"PERIOD": PERIOD, "EVIDENCE": EVIDENCE}


async def contracts(portal: Portal, visit: Visit, holder: Holder) -> Response:
    """Without access there is nothing to see, and the page says what is missing."""
    profile = await portal.queries.profile(holder)
    access = bool(profile and profile.get("access"))
    found = await portal.queries.contracts(holder) if access else []
    shown = [described(portal, holder, it) for it in found]
    return visit.show("contracts.html", contracts=shown, access=access, profile=profile, **WORDS)


async def contract(portal: Portal, visit: Visit, holder: Holder) -> Response:
    found = await own_contract(portal, holder, visit.parameter("number"))
    policy = None if found["over"] else await portal.queries.policy(found["policy"])
    return visit.show("contract.html", contract=found, policy=policy, **WORDS)


async def own_contract(portal: Portal, holder: Holder, number: str) -> dict[str, Any]:
    """A contract of a customer with access (F1). Raises `NotFound` otherwise."""
    profile = await portal.queries.profile(holder)
    if not (profile and profile.get("access")):
        raise NotFound
    return described(portal, holder, await portal.queries.contract(holder, number))


def described(portal: Portal, holder: Holder, contract: Document) -> dict[str, Any]:
    """A contract as pages show it, with what its holder may do today and why not.

    Its status and its cancellation are of two topics, each of which may be read first: a status
    that speaks of a cancellation offers none, with or without it.
    """
    facts, file = contract["facts"], contract.get("cancellation") or {}
    standing = scheduled(contract)
    mine = bool(standing and standing["customer_id"] == holder.customer_id)
    today = madrid_date(portal.now()).isoformat()
    over = facts["status"] in OVER
    requests = [it for it in file.get("requests", ()) if it["customer_id"] == holder.customer_id]
    decisions = [
        it for it in contract.get("decisions", ()) if it["customer_id"] == holder.customer_id
    ]
    return {
        "number": contract["_id"],
        "facts": facts,
        "type": facts["type"],
        "type_name": CONTRACT_TYPE.get(facts["type"], OTHER_TYPE),
        "status": facts["status"],
        "status_words": CONTRACT_STATUS.get(facts["status"], (facts["status"], "")),
        "over": over,
        "standing": standing if mine else None,
        "requests": requests,
        "awaited": [it for it in requests if it.get("missing") and not over],
        "pending": [
            it
            for it in requests
            if not it.get("missing") and (not over or it["status"] == REFERRED)
        ],
        "renewals": [it for it in file.get("renewals", ()) if not it["lapsed"]],
        "decisions": decisions,
        "copies": [
            it
            for it in contract.get("copies", ())
            if it["customer_id"] == holder.customer_id and is_available(it, portal.now())
        ],
        "may_activate": facts["type"] == "servicepac" and not facts.get("activated") and not over,
        "policy": POLICY_OF.get(facts["type"], REFER),
        "needs_none": facts["type"] == "passport_advantage",
        "may_cancel": facts["status"] in CANCELLABLE and not standing and not requests,
        "may_withdraw": bool(mine and not over and standing and today < standing["effective_on"]),
    }
