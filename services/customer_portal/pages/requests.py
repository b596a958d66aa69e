"""Requests about a contract by form: a copy (F8), and a ServicePac's activation (F9)."""

from __future__ import annotations

from starlette.responses import Response

from services.customer_portal.pages.common import common, send
from services.customer_portal.pages.contracts import WORDS, own_contract
from services.customer_portal.portal import Portal
from shared.events.submissions import ContractCopySubmitted, ServicepacActivationSubmitted
from shared.web.forms import Form, given, text
from shared.web.languages import N_
from shared.web.pages import Visit
from shared.web.sessions import Holder

ACTIVATION_FIELDS = ("contract_number", "activation_code")
REQUIRED = {
    "contract_number": N_("Write the contract number"),
    "activation_code": N_("Write the activation code"),
}


async def copy(portal: Portal, visit: Visit, holder: Holder) -> Response:
    """Ask for a certified copy; it is downloaded where its answer appears."""
    contract = await own_contract(portal, holder, visit.parameter("number"))
    if not visit.posted:
        return visit.show("copy.html", contract=contract, **WORDS)
    sent = await visit.form()
    event = ContractCopySubmitted.model_validate(
        {
            **common(portal, visit),
            "customer_id": holder.customer_id,
            "contract_number": contract["number"],
        }
    )
    return await send(portal, visit, visit.submission_id(sent), event)


async def activation(portal: Portal, visit: Visit, holder: Holder) -> Response:
    """Number and code of the confirmation mail; whether they match the archive alone says."""
    if not visit.posted:
        chosen = Form({"contract_number": visit.asked("contract")})
        return visit.show("activation.html", form=chosen)
    sent = await visit.form()
    form = given(sent)
    data = {
        **common(portal, visit),
        "customer_id": holder.customer_id,
        **{name: text(form, name) for name in ACTIVATION_FIELDS},
    }
    form.require(REQUIRED)
    form.judge(ServicepacActivationSubmitted, data, {})
    form.in_order(ACTIVATION_FIELDS)
    if form.faults:
        return visit.show("activation.html", 422, form=form)
    event = ServicepacActivationSubmitted.model_validate(data)
    return await send(portal, visit, visit.submission_id(sent), event)
