"""Builds each kind of submission from the command line: one function per kind.

Each gives the event's own fields; `contact` and `signature` give those that several kinds have, and
what all submissions have in common is added by `submit`. What is not given is left out: whether
that is a fault is for the desk to say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from shared.events.choices import SignatureKind

Fields = Mapping[str, Any]
MADRID = ZoneInfo("Europe/Madrid")


def _option(name: str, explained: str) -> Any:
    return typer.Option(name, help=explained, show_default=False)


Contract = Annotated[str, _option("--contract", "The contract number.")]
Comment = Annotated[str | None, _option("--comment", "For the file.")]
Destroyed = Annotated[bool, typer.Option("--destruction-confirmed", help="All copies are gone.")]


def contact(
    name: Annotated[str | None, _option("--name", "The contact's name.")] = None,
    email: Annotated[str | None, _option("--email", "Where answers go.")] = None,
    phone: Annotated[str | None, _option("--phone", "The contact's phone.")] = None,
    postal_address: Annotated[
        str | None, _option("--postal-address", "The contact's postal address.")
    ] = None,
) -> Fields:
    """Where answers go, if anything of it is given."""
    given = {"name": name, "email": email, "phone": phone, "postal_address": postal_address}
    return {"contact": {it: value for it, value in given.items() if value is not None} or None}


def signature(
    signed_by: Annotated[
        str | None, _option("--signed-by", "Who signed; without it: no signature.")
    ] = None,
    signature_kind: Annotated[
        SignatureKind, typer.Option("--signature-kind", help="How it was signed.")
    ] = SignatureKind.ELECTRONIC,
    signature_reference: Annotated[
        str,
        typer.Option("--signature-reference", help="The document's, e-signature's or agent's id."),
    ] = "desk-command",
) -> Fields:
    """A signature of today, if somebody signed."""
    if signed_by is None:
        return {"signature": None}
    return {
        "signature": {
            "kind": signature_kind.value,
            "reference": signature_reference,
            "signed_by": signed_by,
            "signed_on": datetime.now(MADRID).date().isoformat(),
        }
    }


def cancellation(
    contract: Annotated[list[str], _option("--contract", "Contract number; may be repeated.")],
    destruction_confirmed: Destroyed = False,
    requested_end: Annotated[str | None, _option("--requested-end", "YYYY-MM-DD.")] = None,
    comment: Comment = None,
) -> Fields:
    """Cancel one contract or several."""
    return {
        "contract_numbers": contract,
        "contact": {},
        "requested_end_on": requested_end,
        "destruction_confirmed": destruction_confirmed or None,
        "comment": comment,
    }


def evidence(contract: Contract, destruction_confirmed: Destroyed = False) -> Fields:
    """Add what a cancellation request was missing."""
    return {
        "contract_number": contract,
        "destruction_confirmed": destruction_confirmed or None,
    }


def withdrawal(contract: Contract, comment: Comment = None) -> Fields:
    """Take a cancellation back."""
    return {"contract_number": contract, "comment": comment}


def inquiry(
    request_type: Annotated[
        str,
        _option(
            "--type",
            "contracts, orders_and_deliveries, inventory_and_maintenance or invoices_and_payments.",
        ),
    ],
    subject: Annotated[str, _option("--subject", "One line.")],
    text: Annotated[str, _option("--text", "The question.")],
    contract: Annotated[str | None, _option("--contract", "The contract it is about.")] = None,
) -> Fields:
    """Ask the desk a question."""
    return {
        "request_type": request_type,
        "subject": subject,
        "text": text,
        "contract_number": contract,
    }


def follow_up(
    inquiry: Annotated[str, _option("--inquiry", "The inquiry's reference or id.")],
    text: Annotated[str | None, _option("--text", "More words.")] = None,
    close: Annotated[bool, typer.Option("--close", help="Nothing more is wanted.")] = False,
) -> Fields:
    """Continue an inquiry, or close it."""
    return {"inquiry_id": inquiry, "text": text, "close": close or None}


def registration(
    name: Annotated[str, _option("--name", "The customer's name.")],
    email: Annotated[str, _option("--email", "The customer's e-mail address.")],
    phone: Annotated[str, _option("--phone", "The customer's phone.")],
    company: Annotated[str, _option("--company", "The customer's company.")],
    country: Annotated[str, typer.Option("--country", help="ISO 3166 alpha-2.")] = "ES",
    store_and_contact: Annotated[
        bool, typer.Option("--consent-store-and-contact", help="First needed consent.")
    ] = False,
    transfer_abroad: Annotated[
        bool, typer.Option("--consent-transfer-abroad", help="Second needed consent.")
    ] = False,
    wording_version: Annotated[
        str, typer.Option("--wording-version", help="Of the consents' wording.")
    ] = "1",
) -> Fields:
    """Register a customer; both consents are needed."""
    given = {
        "store_and_contact": store_and_contact,
        "transfer_abroad": transfer_abroad,
    }
    return {
        "name": name,
        "email": email,
        "phone": phone,
        "company": company,
        "country": country,
        "consents": [
            {"purpose": purpose, "wording_version": wording_version, "given_at": now()}
            for purpose, consented in given.items()
            if consented
        ],
    }


def profile_update(
    name: Annotated[str | None, _option("--name", "The customer's new name.")] = None,
    email: Annotated[str | None, _option("--email", "The new e-mail address.")] = None,
    phone: Annotated[str | None, _option("--phone", "The new phone.")] = None,
    company: Annotated[str | None, _option("--company", "The new company.")] = None,
    country: Annotated[str | None, _option("--country", "ISO 3166 alpha-2.")] = None,
) -> Fields:
    """Change a customer's registration."""
    return {"name": name, "email": email, "phone": phone, "company": company, "country": country}


def consent_withdrawal(
    purpose: Annotated[str, _option("--purpose", "store_and_contact or transfer_abroad.")],
    wording_version: Annotated[
        str, typer.Option("--wording-version", help="Of the withdrawal's text.")
    ] = "1",
    withdrawn_at: Annotated[
        str | None, _option("--withdrawn-at", "RFC 3339; now by default.")
    ] = None,
) -> Fields:
    """Take a consent back, and with it access to contracts online."""
    return {
        "purpose": purpose,
        "wording_version": wording_version,
        "withdrawn_at": withdrawn_at or now(),
    }


def copy(contract: Contract) -> Fields:
    """Ask for a copy of a contract."""
    return {"contract_number": contract}


def acceptance(
    contract: Contract,
    signed_by: Annotated[str, _option("--signed-by", "Who accepts.")],
    signed_at: Annotated[str | None, _option("--signed-at", "RFC 3339; now by default.")] = None,
) -> Fields:
    """Accept a contract."""
    return {
        "contract_number": contract,
        "accepted": True,
        "signed_by": signed_by,
        "signed_at": signed_at or now(),
    }


def view(
    contract: Contract,
    document: Annotated[str, _option("--document", "The id of the text that was viewed.")],
    viewed_at: Annotated[str | None, _option("--viewed-at", "RFC 3339; now by default.")] = None,
) -> Fields:
    """Report that the customer viewed a contract's text."""
    return {
        "contract_number": contract,
        "document_id": document,
        "viewed_at": viewed_at or now(),
    }


def activation(
    contract: Contract,
    code: Annotated[str, _option("--code", "The code of the confirmation e-mail.")],
) -> Fields:
    """Activate a ServicePac contract with its code."""
    return {"contract_number": contract, "activation_code": code}


def inventory(
    item: Annotated[str, _option("--item", "The item's id.")],
    version: Annotated[int, _option("--version", "The item's version that was seen.")],
    serial_number: Annotated[str | None, _option("--serial-number", "The right one.")] = None,
    site: Annotated[str | None, _option("--site", "Where it is.")] = None,
    status: Annotated[str | None, _option("--status", "in_use, stored or retired.")] = None,
    comment: Comment = None,
) -> Fields:
    """Correct an item of the inventory."""
    given = {"serial_number": serial_number, "site": site, "status": status}
    changes = {field: value for field, value in given.items() if value is not None}
    return {"item_id": item, "expected_version": version, "changes": changes, "comment": comment}


Part = Callable[..., Fields]
"""A function of options that gives fields; its signature is what may be typed."""

KINDS: dict[str, tuple[str, tuple[Part, ...]]] = {
    "inquiry": ("submission.inquiry.v1", (inquiry, contact)),
    "follow-up": ("submission.follow_up.v1", (follow_up,)),
    "registration": ("submission.registration.v1", (registration,)),
    "copy": ("submission.contract_copy.v1", (copy, contact)),
    "acceptance": ("submission.contract_acceptance.v1", (acceptance,)),
    "view": ("submission.contract_viewed.v1", (view,)),
    "activation": ("submission.servicepac_activation.v1", (activation,)),
    "cancellation": ("submission.cancellation.v1", (cancellation, contact, signature)),
    "evidence": ("submission.cancellation_evidence.v1", (evidence, contact, signature)),
    "withdrawal": ("submission.cancellation_withdrawal.v1", (withdrawal,)),
    "profile-update": ("submission.profile_update.v1", (profile_update,)),
    "consent-withdrawal": ("submission.consent_withdrawal.v1", (consent_withdrawal,)),
    "inventory": ("submission.inventory_update.v1", (inventory,)),
}


def now() -> str:
    """The current instant as the event contract writes it: RFC 3339, UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
