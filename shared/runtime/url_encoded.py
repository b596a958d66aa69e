"""Fields of a query or a form, read strictly: what cannot be decoded is refused, not guessed."""

from __future__ import annotations

from urllib.parse import parse_qsl

MOST_FIELDS = 20


def url_encoded(text: bytes) -> list[tuple[str, str]]:
    """Name and value of each field, in their order; blank values count.

    Raises `ValueError` for what is not URL-encoded UTF-8, and for more than `MOST_FIELDS`.
    """
    return parse_qsl(
        text.decode("ascii"),
        keep_blank_values=True,
        errors="strict",
        max_num_fields=MOST_FIELDS,
    )
