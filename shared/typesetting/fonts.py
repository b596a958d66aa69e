"""The documents' typeface, and how a text becomes the glyphs of one line.

DejaVu Sans is embedded: Latin, Greek, Cyrillic, Armenian, Georgian, Hebrew and Arabic letters come
out as they are. A text with anything else is refused, because a document may not show a `?` where
a name has a letter.
"""

import unicodedata
from functools import cache
from pathlib import Path

from arabic_reshaper import ArabicReshaper
from arabic_reshaper.letters import LETTERS_ARABIC
from bidi import get_display
from reportlab.pdfbase.pdfmetrics import registerFont, stringWidth
from reportlab.pdfbase.ttfonts import TTFont

REGULAR, BOLD = "DejaVuSans", "DejaVuSans-Bold"
TYPEFACES = Path(__file__).parent / "typefaces"

_RIGHT_TO_LEFT = frozenset({"R", "AL"})
_JOINERS = "\u200c\u200d"
_ARABIC_LETTERS = (("\u0620", "\u06ff"), ("\u0750", "\u077f"))
_JOINED_ELSEWISE = (("\u07c0", "\u07ff"), ("\u0e80", "\u0eff"))
"""N'Ko and Lao: the typeface has the letters, but their joining and stacking needs more."""
_SHAPER = ArabicReshaper(
    configuration={
        "delete_harakat": False,
        "delete_tatweel": False,
        "support_ligatures": True,
        # The typeface has the one ligature that Arabic cannot do without.
        "ARABIC LIGATURE ALLAH": False,
        "ARABIC LIGATURE LAM WITH ALEF": True,
    }
)


class NotPrintable(ValueError):
    """The documents' typeface lacks characters of a text. Does not name them: they are personal."""


@cache
def register() -> None:
    """Makes the typeface known to reportlab; the first call reads two files."""
    for name in (REGULAR, BOLD):
        registerFont(TTFont(name, TYPEFACES / f"{name}.ttf"))


def tidy(text: str) -> str:
    """Composed accents, no control characters, none that turn or hide text but Arabic's joiners."""
    composed = unicodedata.normalize("NFC", text)
    return "".join(
        " " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c
        for c in composed
        if unicodedata.category(c) != "Cf" or c in _JOINERS
    )


def lines(text: str, font: str, size: float, width: float) -> list[str]:
    """The text in the order in which its glyphs stand, from left to right.

    Left-to-right text is one line, which its paragraph breaks; text with right-to-left letters is
    broken here, because only whole lines can be put in order. Raises `NotPrintable`.
    """
    shaped = _shaped(text, font)
    if not _turns(shaped):
        return [shaped]
    return [get_display(line) for line in _broken(shaped, font, size, width)]


def one_line(text: str, font: str) -> str:
    """The text in the order of its glyphs, however long. Raises `NotPrintable`."""
    shaped = _shaped(text, font)
    return get_display(shaped) if _turns(shaped) else shaped


def _shaped(text: str, font: str) -> str:
    """Letters in the form that their neighbours give them, still in reading order."""
    tidied = tidy(text)
    shaped = _SHAPER.reshape(tidied) if _turns(tidied) else tidied
    shaped = shaped.replace(_JOINERS[0], "").replace(_JOINERS[1], "")
    if not all(_has(font, c) for c in shaped):
        raise NotPrintable("a text has characters that the documents' typeface lacks")
    return shaped


def _has(font: str, character: str) -> bool:
    if any(first <= character <= last for first, last in _JOINED_ELSEWISE):
        return False
    if _is_arabic_letter(character) and character not in LETTERS_ARABIC:
        return False
    return ord(character) in _glyphs(font)


def _is_arabic_letter(character: str) -> bool:
    within = any(first <= character <= last for first, last in _ARABIC_LETTERS)
    return within and unicodedata.category(character) == "Lo"


@cache
def _glyphs(font: str) -> frozenset[int]:
    register()
    return frozenset(TTFont(font, TYPEFACES / f"{font}.ttf").face.charToGlyph)


def _turns(text: str) -> bool:
    return any(unicodedata.bidirectional(c) in _RIGHT_TO_LEFT for c in text)


def _broken(text: str, font: str, size: float, width: float) -> list[str]:
    """Lines no wider than `width`, broken at blanks, and inside a word that is wider alone."""
    found = [""]
    for word in text.split():
        joined = f"{found[-1]} {word}".strip()
        if stringWidth(joined, font, size) <= width:
            found[-1] = joined
            continue
        *full, rest = _pieces(word, font, size, width)
        found += [*full, rest]
    return [line for line in found if line]


def _pieces(word: str, font: str, size: float, width: float) -> list[str]:
    pieces = [""]
    for character in word:
        if pieces[-1] and stringWidth(pieces[-1] + character, font, size) > width:
            pieces.append("")
        pieces[-1] += character
    return pieces
