"""Printed text steers no terminal and shows no other order than it has."""

from __future__ import annotations

import json
import unicodedata

import pytest

from desk.commands.console import as_json
from shared.operations.visible import plain

STEERING = [
    chr(code)
    for code in range(0x2100)
    if unicodedata.category(chr(code)) == "Cc"
    or unicodedata.bidirectional(chr(code)) in ("LRE", "RLE", "LRO", "RLO", "PDF")
    or chr(code) in "\u2066\u2067\u2068\u2069\u200e\u200f\u061c"
]


@pytest.mark.parametrize("character", [it for it in STEERING if it not in "\n\t"], ids=ascii)
def test_a_control_or_bidirectional_character_is_never_printed(character: str) -> None:
    value = {f"na{character}me": f"be{character}fore"}

    assert plain(f"a{character}b") == "a�b"
    assert character not in as_json(value)
    assert json.loads(as_json(value)) == value


def test_lines_tabs_and_every_script_stay() -> None:
    text = "Ștefan\tΕλλάδα\nעברית"

    assert plain(text) == text
    assert json.loads(as_json([text])) == [text]
    assert "Ελλάδα" in as_json([text])
