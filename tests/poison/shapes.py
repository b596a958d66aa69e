"""Values of JSON that are as bad as 256 KiB can be: their bytes, whatever field they stand in."""

from __future__ import annotations

from collections.abc import Mapping

from shared.events.limits import MAX_RECORD_BYTES

ROOM = MAX_RECORD_BYTES - 4_000
"""Left for one field by those beside it."""


def filled(piece: bytes, room: int = ROOM) -> bytes:
    """As many of it as there is room for."""
    return piece * (room // len(piece))


def listed(item: bytes) -> bytes:
    """As long a list of it as a record can hold."""
    return b"[" + filled(item + b",") + b"0]"


def text(piece: str | bytes, end: bytes = b"") -> bytes:
    raw = piece.encode() if isinstance(piece, str) else piece
    return b'"' + filled(raw) + end + b'"'


def names(value: bytes, room: int = ROOM) -> bytes:
    members = b"".join(b'"%x":%s,' % (number, value) for number in range(room // 5))
    return b"{" + members[:room].rpartition(b",")[0] + b"}"


def items(count: int, item: bytes) -> bytes:
    return b"[" + b",".join([item] * count) + b"]"


LISTS: Mapping[str, bytes] = {
    "empty objects": listed(b"{}"),
    "empty lists": listed(b"[]"),
    "lists of lists": listed(b"[[]]"),
    "lists of an object": listed(b"[{}]"),
    "objects of one member": listed(b'{"":0}'),
    "zeros": listed(b"0"),
    "fractions": listed(b"0.1"),
    "numbers of 19 digits": listed(b"9999999999999999999"),
    "numbers of 300 digits": listed(b"9" * 300),
    "numbers of 4,000 digits": listed(b"9" * 4_000),
    "numbers of 4,299 digits": listed(b"9" * 4_299),
    "numbers beyond all bounds": listed(b"1e999999"),
    "short texts": listed(b'"ab"'),
    "escaped texts": listed(b'"\\u00e9"'),
    "halves of characters": listed(b'"\\ud800"'),
    "nulls": listed(b"null"),
    "a thousand texts": items(1_000, b'"' + b"x" * 240 + b'"'),
    "a thousand texts of marks": items(1_000, b'"a' + "\u0301\u0316".encode() * 60 + b'"'),
    "fifty texts": items(50, b'"' + b"x" * 5_000 + b'"'),
    "fifty objects": items(50, names(b"{}", 180)),
    "ten instants of 20,000 digits": items(
        10, b'{"purpose":"x","given_at":"2020-01-01T00:00:00.%sZ"}' % (b"1" * 20_000)
    ),
}
OBJECTS: Mapping[str, bytes] = {
    "many names": names(b"0"),
    "many names of objects": names(b"{}"),
    "a thousand names": b"{"
    + b",".join(b'"n%d":"%s"' % (n, b"x" * 240) for n in range(998))
    + b"}",
    "one name again and again": b"{" + filled(b'"a":{},') + b'"a":0}',
    "a field's name again and again": b"{" + filled(b'"name":"x",') + b'"name":0}',
    "a huge name": b'{"' + b"k" * ROOM + b'":0}',
    "a deep nest": b"[" * (ROOM // 2) + b"]" * (ROOM // 2),
    "a deep nest of objects": filled(b'{"a":', ROOM * 5 // 6) + b"0" + b"}" * (ROOM // 6),
    "a nest as deep as JSON may be": b"[" * 190 + b"]" * 190,
    "many nests": items(60, b"[" * 14 + b"]" * 14),
}
NUMBERS: Mapping[str, bytes] = {
    "a number of 250,000 digits": b"9" * ROOM,
    "a fraction of 250,000 digits": b"0." + b"1" * ROOM,
    "an exponent of 250,000 digits": b"1e" + b"9" * ROOM,
    "a number of 4,299 digits": b"9" * 4_299,
    "a number beyond all bounds": b"1e999999",
}
TEXTS: Mapping[str, bytes] = {
    "a long text": text("x"),
    "10,000 characters": b'"' + b"x" * 10_000 + b'"',
    "escapes": text(b"\\u0000"),
    "quotes": text(b'\\"'),
    "escaped pairs": text(b"\\ud83d\\ude00"),
    "escaped halves": text(b"\\ud800"),
    "digits": text("9"),
    "blanks": text(" "),
    "blanks and a letter": text(" ", b"x"),
    "invisible characters": text("\u200b"),
    "invisible characters and a letter": text("\u200b", b"x"),
    "combining marks": text("\u0301"),
    "combining marks out of order": text("\u0301\u0316"),
    "ligatures that normalise to 18 characters": text("\ufdfa"),
    "syllables that normalise to three": text("\uac01"),
    "emoji": text("\U0001f600"),
    "at signs": text("a@"),
    "an address of dots": b'"a@' + filled(b"a.") + b'"',
    "an address of labels": b'"a@' + b"a." * 120 + b'"',
    "an address of quotes": b'"\\"' + b"\\\\" * 60 + b'\\"@a.es"',
    "digits and blanks": b'"+' + filled(b"1 ") + b'x"',
    "a phone number that never ends": b'"+' + b"1 " * 23 + b'ext"',
    "a phone number of brackets": b'"' + b"( " * 24 + b'"',
    "an instant of 250,000 digits": b'"2020-01-01T00:00:00.' + b"1" * ROOM + b'Z"',
}
WORST: Mapping[str, bytes] = {**LISTS, **OBJECTS, **NUMBERS, **TEXTS}
