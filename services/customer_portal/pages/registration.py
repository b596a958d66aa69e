"""Registration (F2, F3): every faulty field at once, each consent by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from services.customer_portal.faq import plain
from services.customer_portal.pages.common import common, new_customer_id, send
from services.customer_portal.portal import Portal
from shared.events.envelope import Event
from shared.events.error_codes import ErrorCode
from shared.events.submissions import RegistrationSubmitted
from shared.events.text import is_blank
from shared.events.values import ConsentPurpose, Language
from shared.formats import COUNTRIES, country_name
from shared.web.forms import MESSAGES, Form, given, text
from shared.web.languages import N_
from shared.web.pages import Visit

PERSONAL = ("name", "email", "phone", "company", "country")
FIELDS = (*PERSONAL, *ConsentPurpose)
REQUIRED = {
    "name": N_("Write your name"),
    "email": N_("Write your e-mail address"),
    "phone": N_("Write your phone number"),
    "company": N_("Write your company's name"),
    "country": N_("Choose your country"),
}
WORDINGS = {
    "email": N_("Write an e-mail address that mail can be sent to, such as ana@example.com"),
    "phone": N_("Write a phone number, such as +34 600 000 000"),
}
GIVEN = "yes"


async def register(portal: Portal, visit: Visit) -> Response:
    if not visit.posted:
        return _show(portal, visit, Form({"country": "ES"}))
    sent = await visit.form()
    form = given(sent)
    submission_id = visit.submission_id(sent)
    event = _judged(portal, visit, form, submission_id)
    if event is None:
        return _show(portal, visit, form, 422)
    return await send(portal, visit, submission_id, event)


def _show(portal: Portal, visit: Visit, form: Form, status: int = 200) -> Response:
    return visit.show(
        "register.html",
        status,
        form=form,
        countries=countries(visit.language),
        wording_version=portal.settings.consent_wording_version,
    )


def _judged(
    portal: Portal, visit: Visit, form: Form, submission_id: str
) -> RegistrationSubmitted | None:
    said = common(portal, visit)
    data = {
        **said,
        **{name: text(form, name) for name in PERSONAL},
        "customer_id": new_customer_id(submission_id),
        "consents": [
            {
                "purpose": purpose,
                "wording_version": portal.settings.consent_wording_version,
                "given_at": said["received_at"],
            }
            for purpose in ConsentPurpose
            if form[purpose] == GIVEN
        ],
    }
    judge_personal(form, RegistrationSubmitted, data, visit.language)
    for purpose in ConsentPurpose:
        if form[purpose] != GIVEN:
            form.add(purpose, MESSAGES[ErrorCode.CONSENT_MISSING])
    form.in_order(FIELDS)
    return None if form.faults else RegistrationSubmitted.model_validate(data)


def judge_personal(
    form: Form, model: type[Event], data: Mapping[str, Any], language: Language
) -> None:
    """Add what is wrong with a person's fields, in words of their own where they have some."""
    form.require(REQUIRED)
    form.judge(model, data, {}, WORDINGS)
    if not is_blank(form["country"]) and form["country"] not in dict(countries(language)):
        form.add("country", REQUIRED["country"])


def countries(language: Language) -> list[tuple[str, str]]:
    """Every country's code and name, in the order of the names."""
    found = [(code, country_name(code, language)) for code in COUNTRIES]
    return sorted(found, key=lambda it: plain(it[1]))
