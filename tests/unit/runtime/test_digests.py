"""A stored digest is for ever: what computes it now computes what was stored."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from shared.events.submissions import CancellationSubmitted, InquirySubmitted
from shared.events.submitted import LANGUAGES, primary_tag
from shared.events.text import is_absent, trimmed
from shared.runtime.digests import digests_of

TYPES = (CancellationSubmitted.ce_type, InquirySubmitted.ce_type, "submission.unheard_of.v1")
INSTANT = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:?\d\d)", re.ASCII
)
DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    CancellationSubmitted.ce_type: {"language": "es", "destruction_confirmed": False},
    InquirySubmitted.ce_type: {"language": "es"},
}
READ = {
    model.ce_type: frozenset(model.model_fields)
    for model in (CancellationSubmitted, InquirySubmitted)
}
"""The fields of a type of submission; of a type that nobody knows all count."""


def first_normal_form(fields: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """As the release computed it that stored meanings first, a value at a time."""

    def normal(name: str, value: Any) -> Any:
        if isinstance(value, str):
            text = trimmed(value)
            if name == "language":
                return tag if (tag := primary_tag(text)) in LANGUAGES else text
            return in_utc(text) if name.endswith("_at") and INSTANT.fullmatch(text) else text
        if isinstance(value, dict):
            return first_normal_form(value, {})
        return [normal(name, item) for item in value] if isinstance(value, list) else value

    found = {name: normal(name, value) for name, value in fields.items() if not is_absent(value)}
    same = {
        name
        for name, value in found.items()
        if value == defaults.get(name) and type(value) is type(defaults.get(name))
    }
    return {name: value for name, value in found.items() if name not in same}


def in_utc(text: str) -> str:
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC).isoformat()
    except (ValueError, OverflowError):
        return text


def digest(ce_type: str, fields: Mapping[str, Any]) -> str:
    body = json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()
    return hashlib.sha256(ce_type.encode() + b"\n" + body).hexdigest()[:32]


NAMES = st.sampled_from(
    (
        "language",
        "received_at",
        "signed_at",
        "customer_id",
        "subject",
        "text",
        "comment",
        "contact",
        "contract_numbers",
        "destruction_confirmed",
        "nobody_reads_this",
    )
)
TAGS = ("es", "\u00a0es ", "ES-es", "en_GB.UTF-8", "fr", "xx-1")
BLANK = ("", " ", "\u200b")
INSTANTS = (
    "2026-01-01T00:00:00Z",
    "2026-01-01t10:00:00.5+02:00",
    " 2026-01-01 00:00+0100 ",
    "0001-01-01T00:00:00+23:00",
    "2026-13-01T00:00:00Z",
)
TEXTS = st.text(max_size=12) | st.sampled_from((*TAGS, *BLANK, *INSTANTS))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(TYPES), st.dictionaries(NAMES, VALUES, max_size=8))
def test_digest_and_meaning_are_what_was_stored_first(ce_type: str, fields: dict[str, Any]) -> None:
    read = {it: fields[it] for it in fields if it in READ.get(ce_type, fields)}
    meaning = first_normal_form(read, DEFAULTS.get(ce_type, {}))

    assert digests_of(ce_type, fields) == (digest(ce_type, fields), digest(ce_type, meaning))


def test_the_digests_of_a_known_submission_are_these() -> None:
    """Computed by the release that stored meanings first."""
    fields = {"customer_id": " C-1", "language": "es-ES", "comment": None, "more": [1, {"é": True}]}
    fields["received_at"] = "2026-03-01T10:00:00+01:00"

    assert digests_of(CancellationSubmitted.ce_type, fields) == (
        "39b1efcc9ce50674402856d1eaac7927",
        "5bd54a653bc7d9e683b3e2136220e6c0",
    )
