"""Fields of queries and forms: all of them in their order, or none."""

from __future__ import annotations

import pytest

from shared.runtime.url_encoded import MOST_FIELDS, url_encoded


def test_every_field_comes_in_its_order_blank_ones_too() -> None:
    assert url_encoded(b"id=a%20b&code=%C3%B1&id=last&empty=") == [
        ("id", "a b"),
        ("code", "ñ"),
        ("id", "last"),
        ("empty", ""),
    ]


@pytest.mark.parametrize(
    "text",
    [b"id=%ff", b"id=\xff", "id=ñ".encode(), b"id=%C3", b"&".join([b"a=1"] * (MOST_FIELDS + 1))],
    ids=["no UTF-8", "raw byte", "not encoded", "half a character", "too many fields"],
)
def test_what_cannot_be_decoded_is_refused_as_a_whole(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"codec|fields"):
        url_encoded(text)
