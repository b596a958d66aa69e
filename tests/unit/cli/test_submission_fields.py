"""The options of a kind of submission become the event's fields."""

from __future__ import annotations

from typing import Any

import pytest

from desk.arguments.submission_fields import KINDS
from desk.arguments.submit import fields_of
from shared.events.choices import SignatureKind

NOTHING: dict[str, Any] = {
    "contract": "K-1",
    "destruction_confirmed": False,
    "requested_end": None,
    "comment": None,
    "name": None,
    "email": None,
    "phone": None,
    "postal_address": None,
    "signed_by": None,
    "signature_kind": SignatureKind.ELECTRONIC,
    "signature_reference": "desk-command",
}


@pytest.mark.parametrize(
    ("kind", "given", "contact"),
    [
        ("cancellation", {}, {}),  # the desk asks for what is missing
        ("cancellation", {"email": "a@example.test"}, {"email": "a@example.test"}),
        ("evidence", {}, None),
        ("evidence", {"name": "Ana", "phone": "1"}, {"name": "Ana", "phone": "1"}),
        ("copy", {"email": "a@example.test"}, {"email": "a@example.test"}),
    ],
)
def test_a_contact_has_what_was_given(
    kind: str, given: dict[str, str], contact: dict[str, str] | None
) -> None:
    _, parts = KINDS[kind]

    assert fields_of(parts, {**NOTHING, **given})["contact"] == contact


@pytest.mark.parametrize("kind", ["cancellation", "evidence"])
def test_without_a_signer_there_is_no_signature(kind: str) -> None:
    _, parts = KINDS[kind]

    unsigned = fields_of(parts, NOTHING)
    signed = fields_of(parts, {**NOTHING, "signed_by": "Ana"})

    assert unsigned["signature"] is None
    assert (signed["signature"]["kind"], signed["signature"]["signed_by"]) == ("electronic", "Ana")
