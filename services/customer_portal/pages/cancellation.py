"""Cancelling contracts (F10-F12): choose, see what would happen, send; add evidence; withdraw."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from starlette.datastructures import FormData
from starlette.responses import Response

from services.customer_portal.pages.attachments import form_with_attachments, ids_of
from services.customer_portal.pages.common import common, send, sent_before
from services.customer_portal.pages.contracts import WORDS, described, own_contract
from services.customer_portal.portal import Portal
from services.customer_portal.previews import PreviewedDecision
from services.customer_portal.words import DESTROYED, SIGNED
from shared.events.choices import SignatureKind
from shared.events.error_codes import ErrorCode
from shared.events.limits import LIST_LIMITS
from shared.events.submissions import (
    CancellationEvidenceSubmitted,
    CancellationSubmitted,
    CancellationWithdrawalSubmitted,
)
from shared.events.text import is_blank
from shared.events.values import Language, madrid_date
from shared.mongo.client import Document
from shared.web.forms import MESSAGES, Form, given, text
from shared.web.languages import N_
from shared.web.pages import NotFound, Visit
from shared.web.sessions import Holder

CONTRACT, SEND = "contract", "send"
YES = "yes"
MOST = LIST_LIMITS["contract_numbers"]
LONGEST_AHEAD = LONGEST_AGO = timedelta(days=366)
CONTACT = ("name", "email", "phone")
CONTACT_FIELDS = {f"contact.{name}": name for name in CONTACT} | {"contact": "name"}
FIELDS = (
    CONTRACT,
    "requested_end_on",
    "destruction",
    "signed_by",
    "letter",
    "letter_signed_by",
    "letter_signed_on",
    *CONTACT,
)
NONE_CHOSEN = N_("Choose at least one contract")
TOO_MANY_CHOSEN = N_("Choose at most 50 contracts at a time")
NO_CONTACT = N_("Write an e-mail address or a phone number")
NOT_A_SIGNING_DAY = N_("Choose the day on which it was signed, at most a year ago")
NOT_A_DAY = N_("Choose a day from today on")
NOTHING_ADDED = N_("Confirm the destruction or sign")


@dataclass(frozen=True, slots=True)
class Outlook:
    """The outlook of one contract before its cancellation is sent."""

    contract: dict[str, Any]
    summary: str | None
    preview: PreviewedDecision | None
    missing: tuple[str, ...]


async def cancel(portal: Portal, visit: Visit, holder: Holder) -> Response:
    """One address, three steps: the form, its check with what would happen, and sending it."""
    profile = await portal.queries.profile(holder)
    if not (profile and profile.get("access")):
        return visit.see("contracts")
    own = [described(portal, holder, it) for it in await portal.queries.contracts(holder)]
    open_ones = [it for it in own if it["may_cancel"]]
    if not visit.posted:
        chosen = visit.request.query_params.getlist(CONTRACT)
        return _form(visit, open_ones, _filled(profile), chosen)
    sent, form, staged = await form_with_attachments(portal, visit)
    chosen = [str(it) for it in sent.getlist(CONTRACT)]
    asked = [it for it in open_ones if it["number"] in chosen]
    submission_id = visit.submission_id(sent)
    event = _judged(portal, visit, holder, form, asked, submission_id, staged)
    as_checked = len(asked) == len(set(chosen))
    if event is None or (form["act"] == SEND and not as_checked):
        before = await sent_before(portal, visit, submission_id)
        if before is not None:
            return before
    if event is None:
        return _form(visit, open_ones, form, chosen, 422, staged)
    if form["act"] == "change":
        return _form(visit, open_ones, form, chosen, 200, staged)
    if form["act"] == SEND and as_checked:
        return await send(portal, visit, submission_id, event)
    # All at once: a service that hangs costs its time limit, not that of each contract.
    foreseen = await asyncio.gather(*(_foreseen(portal, visit, it, event) for it in asked))
    return visit.show(
        "cancel_check.html",
        form=form,
        ticket_again=str(sent["ticket"]),
        staged=staged,
        foreseen=foreseen,
        today=madrid_date(portal.now()).isoformat(),
        event=event,
        **WORDS,
    )


def _form(
    visit: Visit,
    contracts: list[dict[str, Any]],
    form: Form,
    chosen: list[str],
    status: int = 200,
    staged: Sequence[Document] = (),
) -> Response:
    return visit.show(
        "cancel.html",
        status,
        staged=staged,
        form=form,
        contracts=contracts,
        chosen=chosen,
        any_destroyed=any(it["type"] in DESTROYED for it in contracts),
        any_signed=any(it["type"] in SIGNED for it in contracts),
        **WORDS,
    )


def _filled(profile: Document) -> Form:
    """The contact of the registration (F4)."""
    return Form({name: str(profile.get(name, "")) for name in CONTACT})


def _judged(
    portal: Portal,
    visit: Visit,
    holder: Holder,
    form: Form,
    asked: list[dict[str, Any]],
    submission_id: str,
    staged: Sequence[Document],
) -> CancellationSubmitted | None:
    today = madrid_date(portal.now())
    if not asked:
        form.add(CONTRACT, NONE_CHOSEN)
    if len(asked) > MOST:
        form.add(CONTRACT, TOO_MANY_CHOSEN)
    _judge_contact(form)
    _judge_day(form, today)
    data = {
        **common(portal, visit),
        "customer_id": holder.customer_id,
        "contract_numbers": [it["number"] for it in asked],
        "contact": _contact(form),
        "requested_end_on": text(form, "requested_end_on"),
        "destruction_confirmed": form["destruction"] == YES,
        "signature": _signature(form, submission_id, today, staged),
        "comment": text(form, "comment"),
        "documents": ids_of(staged),
    }
    names = {"contract_numbers": CONTRACT, **_signature_fields(staged)}
    form.judge(CancellationSubmitted, data, CONTACT_FIELDS | names)
    form.in_order(FIELDS)
    return None if form.faults else CancellationSubmitted.model_validate(data)


def _contact(form: Form) -> dict[str, str | None] | None:
    """The contact that the form names; None if it names none."""
    contact = {name: text(form, name) for name in CONTACT}
    return contact if any(contact.values()) else None


def _judge_contact(form: Form) -> None:
    """Requires a name and one means of contact (F12)."""
    form.require({"name": N_("Write a contact name")})
    if is_blank(form["email"]) and is_blank(form["phone"]):
        form.add("email", NO_CONTACT)


def _judge_day(form: Form, today: date) -> None:
    if is_blank(form["requested_end_on"]):
        return
    try:
        wanted = date.fromisoformat(form["requested_end_on"])
    except ValueError:
        form.add("requested_end_on", NOT_A_DAY)
        return
    if wanted < today:
        form.add("requested_end_on", NOT_A_DAY)
    if wanted - today > LONGEST_AHEAD:
        form.add("requested_end_on", MESSAGES[ErrorCode.TOO_FAR_AHEAD])


def _signature(
    form: Form, submission_id: str, today: date, letters: Sequence[Document]
) -> dict[str, str | None] | None:
    """A signed letter, by its document; else an electronic signature, if one was given (F12).

    The latter is the name that was typed, in a session that a mail's code opened.
    """
    if letters:
        _judge_letter(form, today)
        return {
            "kind": SignatureKind.SIGNED_DOCUMENT,
            "reference": str(letters[0]["_id"]),
            "signed_by": text(form, "letter_signed_by"),
            "signed_on": text(form, "letter_signed_on"),
        }
    signed_by = text(form, "signed_by")
    if signed_by is None:
        return None
    return {
        "kind": SignatureKind.ELECTRONIC,
        "reference": submission_id,
        "signed_by": signed_by,
        "signed_on": today.isoformat(),
    }


def _judge_letter(form: Form, today: date) -> None:
    """Requires the letter's signatory, and a date of signature within the past year."""
    form.require({"letter_signed_by": N_("Write who has signed the letter")})
    try:
        signed_on = date.fromisoformat(form["letter_signed_on"])
    except ValueError:
        form.add("letter_signed_on", NOT_A_SIGNING_DAY)
        return
    if not timedelta(0) <= today - signed_on <= LONGEST_AGO:
        form.add("letter_signed_on", NOT_A_SIGNING_DAY)


def _signature_fields(letters: Sequence[Document]) -> dict[str, str]:
    """Where the form asks for a signature's parts."""
    prefix = "letter_" if letters else ""
    return {
        "signature.signed_by": f"{prefix}signed_by",
        "signature.signed_on": f"{prefix}signed_on",
    }


async def _foreseen(
    portal: Portal, visit: Visit, contract: dict[str, Any], event: CancellationSubmitted
) -> Outlook:
    """The outlook from the service that decides; else the policy, and the evidence missing."""
    policy = await portal.queries.policy(contract["policy"])
    language = "en" if visit.language is Language.EN else "es"
    missing = []
    if contract["type"] in DESTROYED and not event.destruction_confirmed:
        missing.append("destruction_confirmation")
    if contract["type"] in SIGNED and event.signature is None:
        missing.append("signature")
    return Outlook(
        contract=contract,
        summary=policy["summary"][language] if policy else None,
        preview=await portal.previews.preview(contract["number"], event, visit.language),
        missing=tuple(missing),
    )


async def evidence(portal: Portal, visit: Visit, holder: Holder) -> Response:
    """The request's missing evidence, given by the same form."""
    found = await own_contract(portal, holder, visit.parameter("number"))
    form, staged = _filled(await portal.queries.profile(holder) or {}), list[Document]()
    if visit.posted:
        sent, form, staged = await form_with_attachments(portal, visit)
        event = _evidence(portal, visit, holder, form, sent, found["number"], staged)
        submission_id = visit.submission_id(sent)
        if event is not None and found["awaited"]:
            return await send(portal, visit, submission_id, event)
        before = await sent_before(portal, visit, submission_id)
        if before is not None:
            return before
    if not found["awaited"]:
        return visit.see("contract", number=found["number"])
    missing = {it for request in found["awaited"] for it in request["missing"]}
    return visit.show(
        "evidence.html",
        422 if form.faults else 200,
        form=form,
        contract=found,
        missing=missing,
        staged=staged,
        **WORDS,
    )


def _evidence(
    portal: Portal,
    visit: Visit,
    holder: Holder,
    form: Form,
    sent: FormData,
    number: str,
    staged: Sequence[Document],
) -> CancellationEvidenceSubmitted | None:
    today = madrid_date(portal.now())
    signature = _signature(form, visit.submission_id(sent), today, staged)
    confirmed, contact = form["destruction"] == YES, _contact(form)
    asks_else = "asks_destruction" in form.values or "signed_by" in form.values
    if contact is not None or ("name" in form.values and not asks_else):
        _judge_contact(form)
    elif not confirmed and signature is None and form.fault("letter") is None:
        form.add("destruction" if "asks_destruction" in form.values else "signed_by", NOTHING_ADDED)
    data = {
        **common(portal, visit),
        "customer_id": holder.customer_id,
        "contract_number": number,
        "destruction_confirmed": True if confirmed else None,
        "signature": signature,
        "contact": contact,
        "documents": ids_of(staged),
    }
    form.judge(CancellationEvidenceSubmitted, data, CONTACT_FIELDS | _signature_fields(staged))
    form.in_order(FIELDS)
    return None if form.faults else CancellationEvidenceSubmitted.model_validate(data)


async def withdraw(portal: Portal, visit: Visit, holder: Holder) -> Response:
    """Take a scheduled cancellation back, until the day before it takes effect."""
    found = await own_contract(portal, holder, visit.parameter("number"))
    if not visit.posted:
        if not found["may_withdraw"]:
            raise NotFound
        return _withdrawal_form(visit, found, Form())
    sent = await visit.form()
    form = given(sent)
    data = {
        **common(portal, visit),
        "customer_id": holder.customer_id,
        "contract_number": found["number"],
        "comment": text(form, "comment"),
    }
    form.judge(CancellationWithdrawalSubmitted, data, {})
    if form.faults and found["may_withdraw"]:
        return _withdrawal_form(visit, found, form, 422)
    if form.faults:
        raise NotFound
    event = CancellationWithdrawalSubmitted.model_validate(data)
    return await send(portal, visit, visit.submission_id(sent), event)


def _withdrawal_form(
    visit: Visit, contract: dict[str, Any], form: Form, status: int = 200
) -> Response:
    last_day = date.fromisoformat(contract["standing"]["effective_on"]) - timedelta(days=1)
    return visit.show("withdraw.html", status, form=form, contract=contract, last_day=last_day)
