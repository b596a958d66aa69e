"""Members that a JSON object has twice, by their paths."""

from __future__ import annotations

import pytest

from shared.runtime.json_object import repeated_members


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b'{"a": 1, "b": {"a": 2}}', []),
        (b'{"a": 1, "a": 1}', ["a"]),
        (b'\xef\xbb\xbf{"a": 1, "\\u0061": 2}', ["a"]),
        (b'{"a": {"b": 1, "b": 2}, "c": [{"d": 1}, {"d": 1, "d": 2}]}', ["a.b", "c.1.d"]),
        (b'{"a": {"b": 1, "b": 2}, "a": {"b": 1}}', ["a", "a.b"]),
        (b'{"a": ' + b"9" * 5_000 + b', "a": 1e999}', ["a"]),
        (b'{"a": [["a", 1], ["a", 2]]}', []),
        (b"[" * 10_000, []),
        (b"\xff", []),
        (b"{", []),
    ],
)
def test_a_member_that_is_there_twice_is_named(value: bytes, expected: list[str]) -> None:
    assert repeated_members(value) == expected
