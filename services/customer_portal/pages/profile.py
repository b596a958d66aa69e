"""The profile (F2) and its consents (F3): change what is no longer right, take a consent back."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from services.customer_portal.pages.common import changed, common, send, sent_before
from services.customer_portal.pages.registration import PERSONAL, countries, judge_personal
from services.customer_portal.portal import Portal
from services.customer_portal.words import CONSENT
from shared.events.submissions import ConsentWithdrawalSubmitted, ProfileUpdateSubmitted
from shared.events.values import Language
from shared.mongo.client import Document
from shared.web.forms import Form, given
from shared.web.languages import N_
from shared.web.pages import NotFound, Visit
from shared.web.sessions import Holder

FIELDS = (*PERSONAL, "language")
LANGUAGES = {Language.ES: "Español", Language.EN: "English"}
NOTHING_CHANGED = N_("Change at least one of these")
NO_LANGUAGE = N_("Choose one of the options")


async def profile(portal: Portal, visit: Visit, holder: Holder) -> Response:
    """Sends the differences. The desk tells the old address of a new one."""
    kept = await _profile(portal, holder)
    form = Form({name: str(kept.get(name, "")) for name in FIELDS})
    if visit.posted:
        sent = await visit.form()
        form, submission_id = given(sent), visit.submission_id(sent)
        event = _judged(portal, visit, holder, form, kept)
        if event is not None:
            return await send(portal, visit, submission_id, event)
        before = await sent_before(portal, visit, submission_id)
        if before is not None:
            return before
    return visit.show(
        "profile.html",
        422 if form.faults else 200,
        form=form,
        profile=kept,
        countries=countries(visit.language),
        languages=[(name.value, text) for name, text in LANGUAGES.items()],
        CONSENT=CONSENT,
        passkeys=portal.passkeys.party.is_possible,
    )


async def _profile(portal: Portal, holder: Holder) -> Document:
    found = await portal.queries.profile(holder)
    if found is None:
        raise NotFound
    return found


def _judged(
    portal: Portal, visit: Visit, holder: Holder, form: Form, kept: Document
) -> ProfileUpdateSubmitted | None:
    """A change of the mails' language is said by the submission's own `language`."""
    changes = changed(form, PERSONAL, kept)
    known = form["language"] in list(Language)
    data = {
        **common(portal, visit),
        **changes,
        "customer_id": holder.customer_id,
        "language": form["language"] if known else kept.get("language", Language.ES),
    }
    judge_personal(form, ProfileUpdateSubmitted, data, visit.language)
    if not known:
        form.add("language", NO_LANGUAGE)
    if not form.faults and not changes and form["language"] == kept.get("language"):
        form.add("name", NOTHING_CHANGED)
    form.in_order(FIELDS)
    return None if form.faults else ProfileUpdateSubmitted.model_validate(data)


async def withdraw_consent(portal: Portal, visit: Visit, holder: Holder) -> Response:
    """Withdraws one consent, after a page that explains the consequences."""
    purpose = visit.parameter("purpose")
    consent = _given(await _profile(portal, holder), purpose)
    if consent is None:
        raise NotFound
    if not visit.posted:
        if consent.get("withdrawn_at"):
            raise NotFound
        return visit.show("withdraw_consent.html", consent=consent, CONSENT=CONSENT)
    sent = await visit.form()  # once more after it was taken back: the desk answers that
    said = common(portal, visit)
    event = ConsentWithdrawalSubmitted.model_validate(
        {
            **said,
            "customer_id": holder.customer_id,
            "purpose": purpose,
            "wording_version": portal.settings.consent_wording_version,
            "withdrawn_at": said["received_at"],
        }
    )
    return await send(portal, visit, visit.submission_id(sent), event)


def _given(kept: Document, purpose: str) -> dict[str, Any] | None:
    consents: list[dict[str, Any]] = kept.get("consents", [])
    return next((it for it in consents if it["purpose"] == purpose), None)
