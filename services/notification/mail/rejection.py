"""Selects the faults of a rejection that a customer can put right.

Ids, clocks and formats are the channel's own; it reads them on `desk.rejections`.
"""

from __future__ import annotations

import re
from typing import Any

CHANNELS_FIELDS = frozenset(
    {
        "",
        "?",
        "id",
        "channel",
        "content-type",
        "customer_id",
        "data",
        "document_id",
        "document_ids",
        "documents",
        "expected_version",
        "key",
        "language",
        "submission_id",
        "text_sha256",
        "wording_version",
    }
)
_POSITION = re.compile(r"\.\d+(?=\.|$)")
CHANNELS_CODES = frozenset({"id_reused", "wrong_type", "unreadable", "unknown_type", "too_large"})


def is_the_customers(field: str, code: str) -> bool:
    """Whether a customer can put this right, rather than the channel that sent the request."""
    name = _POSITION.sub("", field).rpartition(".")[2]
    if name.startswith("ce_") or name.endswith("_at"):  # `received_at`: the channel's clock
        return False
    if field.startswith("authentication"):  # how the channel authenticated the signer
        return False
    return name not in CHANNELS_FIELDS and code not in CHANNELS_CODES


def customers_errors(errors: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The faults, as stored, that the mail names."""
    return [error for error in errors if is_the_customers(error["field"], error["code"])]
