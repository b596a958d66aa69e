"""One rule each for what people write: what is blank, what is trimmed, what one line may hold."""

from __future__ import annotations

import re


def _characters(codes: str) -> str:
    """The characters of code points and ranges of them in hex, separated by blanks."""
    ranges = [code.partition("-")[::2] for code in codes.split()]
    return "".join(
        chr(code)
        for first, last in ranges
        for code in range(int(first, 16), int(last or first, 16) + 1)
    )


_WHITE_SPACE = _characters("9-D 20 85 A0 1680 2000-200A 2028 2029 202F 205F 3000")
_ZERO_WIDTH = _characters("AD 61C 115F 1160 180E 200B-200F 2060-2064 2800 3164 FEFF FFA0")
"""Invisible on their own: joiners, marks of direction, fillers, the blank braille cell."""
_DIRECTIONS = _characters("202A-202E 2066-2069")
"""Embeddings, overrides and isolates: what follows is shown in another order than it is written."""
_TAGS = _characters("E0000-E007F")
_OTHER_INVISIBLE = _characters(
    "34F 17B4 17B5 180B-180D 180F 206A-206F FE00-FE0F FFF0-FFFB 1BCA0-1BCA3 1D173-1D17A E0080-E01EF"
)

_TRIMMED = _WHITE_SPACE + _ZERO_WIDTH
_VISIBLE = re.compile(f"[!-~]|[^{_TRIMMED}{_DIRECTIONS}{_TAGS}{_OTHER_INVISIBLE}]")
"""Tries printable ASCII first, the start of most texts: the full negated set is slow to search."""
_NOT_IN_A_LINE = re.compile(rf"[\x00-\x1f\x7f-\x9f\u2028\u2029{_DIRECTIONS}{_TAGS}]")
_NOT_IN_A_TEXT = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")


def is_blank(text: str) -> bool:
    """Whether nothing is left of `text` without white space and invisible characters."""
    return _VISIBLE.search(text) is None


def trimmed(text: str) -> str:
    """`text` without white space and zero-width characters at its ends."""
    return text.strip(_TRIMMED)


def is_absent(value: object) -> bool:
    """Whether an optional field that has this value counts as not given: null or blank."""
    return value is None or (isinstance(value, str) and is_blank(value))


def is_one_line(text: str) -> bool:
    """Whether `text` holds no control, bidirectional-override or tag character."""
    return text.isprintable() or _NOT_IN_A_LINE.search(text) is None


def is_plain(text: str) -> bool:
    """Whether `text` holds no control characters but line breaks and tabs."""
    return text.isprintable() or _NOT_IN_A_TEXT.search(text) is None
