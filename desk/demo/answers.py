"""The answers that the demo expects: dates by the words of the domain page, mails beside events.

Every answer that a customer gets is an event and a mail; the mail's subject has the reference of
the inquiry that it answers.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from desk.demo.outside import DemoCustomer
from desk.demo.story import (
    ABSENT,
    CANCELLATIONS,
    TEXT,
    Expected,
    ExpectedMail,
    Matching,
    SentRecord,
)

DAY = timedelta(days=1)
MONTHLY_NOTICE = timedelta(days=30)
"""Notice for a monthly-charge licence (F11)."""
WRITTEN_NOTICE = timedelta(days=0)
"""Notice for a maintenance contract: the help page names none (F12)."""
EVIDENCE_TIME = timedelta(days=30)
"""How long missing evidence is waited for."""
LAPSE_TIME = timedelta(days=75)
"""How long a renewal may stay unpaid (F10)."""

DIGIT = "[0-9A-HJKMNP-TV-Z]"
REFERENCE = Matching(f"INQ-{DIGIT}{{5}}-{DIGIT}{{5}}-{DIGIT}", "a reference")
SHA256 = Matching("[0-9a-f]{64}", "a SHA-256 in hex")

KINDS = {
    f"submission.{kind}.v1": kind
    for kind in (
        "inquiry",
        "registration",
        "contract_copy",
        "contract_acceptance",
        "servicepac_activation",
        "cancellation",
        "cancellation_evidence",
        "cancellation_withdrawal",
        "inventory_update",
    )
}


def opened(
    request: SentRecord, customer: DemoCustomer, *, mailed: bool = True, **more: Any
) -> Expected:
    """The submission is an inquiry with a reference, confirmed by mail (F4)."""
    return Expected(
        "desk.inquiries",
        {"ce_type": "inquiry.opened.v1", "inquiry_id": request.inquiry_id},
        {
            "submission_id": request.id,
            "customer_id": customer.id,
            "kind": KINDS[request.ce_type],
            "reference": REFERENCE,
            **more,
        },
        mail=ExpectedMail(customer.email, request.inquiry_id) if mailed else None,
    )


def rejected(
    request: SentRecord, customer: DemoCustomer, errors: Any, *, mailed: bool = True
) -> Expected:
    """Every faulty field at once; there is no inquiry, so the mail has no reference.

    A rejection for the channel's own faults has no mail.
    """
    return Expected(
        "desk.rejections",
        {"ce_type": "submission.rejected.v1", "submission_id": request.id},
        {"customer_id": customer.id, "errors": errors},
        shows=(("", "errors"),),
        mail=ExpectedMail(customer.email, None) if mailed else None,
    )


def in_the_summary(decision: Expected) -> Expected:
    """A decision that the mail of another one of the same request says too."""
    return replace(decision, mail=None)


def inquiry(
    what: str, inquiry_id: str, *, mail_to: DemoCustomer | None = None, **which: Any
) -> Expected:
    """An event of the inquiry's life; `which` are the fields that it is found by."""
    return Expected(
        "desk.inquiries",
        {"ce_type": f"inquiry.{what}.v1", "inquiry_id": inquiry_id, **which},
        {},
        mail=ExpectedMail(mail_to.email, inquiry_id) if mail_to else None,
    )


def registered(
    what: str, request: SentRecord, customer: DemoCustomer, *, access: bool, **more: Any
) -> Expected:
    """The customer's whole current profile."""
    return Expected(
        "desk.customers",
        {"ce_type": f"customer.{what}.v1", "customer_id": customer.id},
        {"email": customer.email, "access": access, **more},
        mail=ExpectedMail(customer.email, request.inquiry_id),
    )


def recorded(
    contract: str, customer: DemoCustomer, *, mail: ExpectedMail | None = None
) -> Expected:
    """The desk knows the registry's record."""
    return Expected(
        "desk.contracts",
        {"ce_type": "contract.recorded.v1", "contract_number": contract},
        {"customer_id": customer.id},
        mail=mail,
    )


def status(contract: str, word: str) -> Expected:
    """The contract's status has become `word`."""
    return Expected(
        "desk.contracts",
        {
            "ce_type": "contract.status_changed.v1",
            "contract_number": contract,
            "status": word,
        },
        {},
    )


def about_contract(
    what: str,
    request: SentRecord,
    contract: str,
    customer: DemoCustomer,
    *,
    shows: tuple[tuple[str, str], ...] = (),
    alike: str | None = None,
    download: bool = False,
    **has: Any,
) -> Expected:
    """The archive's answer to a copy, an acceptance or an activation."""
    return Expected(
        "desk.contracts",
        {"ce_type": f"contract.{what}.v1", "inquiry_id": request.inquiry_id},
        {"contract_number": contract, "customer_id": customer.id, **has},
        shows=shows,
        mail=ExpectedMail(customer.email, request.inquiry_id),
        alike=alike,
        download=download,
    )


def decision(
    what: str,
    contract: str,
    customer: DemoCustomer,
    *,
    policy: str | Matching,
    request: SentRecord | None,
    answers: SentRecord | None = None,
    shows: tuple[tuple[str, str], ...] = (),
    alike: str | None = None,
    mailed: bool = True,
    **has: Any,
) -> Expected:
    """The contract's next decision: on `request`; its mail answers `answers`, if that differs."""
    told = answers or request
    return Expected(
        CANCELLATIONS,
        {"contract_number": contract},
        {
            "ce_type": what if "." in what else f"cancellation.{what}.v1",
            "customer_id": customer.id,
            "inquiry_id": request.inquiry_id if request else ABSENT,
            "policy": policy,
            "policy_version": TEXT,
            "rule": TEXT,
            "explanation": {"es": TEXT, "en": TEXT},
            **has,
        },
        shows=shows,
        mail=ExpectedMail(customer.email, told.inquiry_id if told else None) if mailed else None,
        alike=alike,
    )


def scheduled(
    contract: str,
    customer: DemoCustomer,
    *,
    policy: str,
    request: SentRecord,
    effective_on: date,
    answers: SentRecord | None = None,
    **has: Any,
) -> Expected:
    """The contract ends on `effective_on`: the day before is the last one charged."""
    return decision(
        "scheduled",
        contract,
        customer,
        policy=policy,
        request=request,
        answers=answers,
        shows=(("effective", "effective_on"),),
        effective_on=effective_on,
        last_billable_on=effective_on - DAY,
        **has,
    )


def took_effect(
    contract: str, customer: DemoCustomer, *, policy: str, request: SentRecord, effective_on: date
) -> Expected:
    """The effective day has begun; the event repeats the last billable day for billing."""
    return decision(
        "took_effect",
        contract,
        customer,
        policy=policy,
        request=request,
        shows=(("effective", "effective_on"),),
        effective_on=effective_on,
        last_billable_on=effective_on - DAY,
    )


def evidence(
    what: str,
    contract: str,
    customer: DemoCustomer,
    missing: tuple[str, ...],
    *,
    policy: str,
    request: SentRecord,
    received_on: date,
    answers: SentRecord | None = None,
) -> Expected:
    """Evidence is awaited, or reminded of: due 30 days after the request was received."""
    return decision(
        what,
        contract,
        customer,
        policy=policy,
        request=request,
        answers=answers,
        shows=(("due", "due_on"),),
        missing=missing,
        due_on=received_on + EVIDENCE_TIME,
    )


def referred(
    contract: str,
    customer: DemoCustomer,
    cause: str,
    *,
    request: SentRecord,
    alike: str | None = None,
) -> Expected:
    """A professional decides (F6)."""
    return decision(
        "referred",
        contract,
        customer,
        policy="refer",
        request=request,
        shows=(("", "cause"),),
        alike=alike,
        cause=cause,
    )
