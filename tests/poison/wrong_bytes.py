"""Values that are no JSON, or JSON that no writer of sound mind writes."""

from __future__ import annotations

import json
from random import Random

from tests.poison.bases import Draft
from tests.poison.wrong_fields import Spoil

DEEP = 10_000
LARGE = 1_000_000
LITERALS = (
    *(b"NaN", b"-NaN", b"Infinity", b"-Infinity", b"1e400", b"-1e400", b"1e-400", b"-0", b"-0.0"),
    *(b"9" * 4_000, b"9" * 5_000, b"0." + b"9" * 5_000, b"1E+9999999999", b"0x10", b"1_000"),
    *(b"01", b"+1", b".5", b"1.", b"nul", b"True", b"undefined", b"'a'", b'"\\x41"', b'"\\u12"'),
)
RAW_TEXTS = (
    *(
        b"\xed\xa0\x80",
        b"\xed\xb0\x80\xed\xa0\x80",
        b"\xc0\xaf",
        b"\xe0\x80\xaf",
        b"\xf0\x80\x80\xaf",
    ),
    *(b"\xf5\x80\x80\x80", b"\xff", b"\x80", b"\xc3", b"\\ud800", b"\\udc00\\ud800", b"\\u0000"),
    *(b"\x00", b"\x1f", b"\t", b"\n", b"\x7f", b"\xef\xbb\xbf", b"\xe2\x80\xae", b"\\"),
)


def flipped(random: Random, draft: Draft) -> None:
    """One to eight bits are wrong."""
    body = bytearray(_body(draft))
    for _ in range(random.randint(1, 8)):
        body[random.randrange(len(body))] ^= 1 << random.randrange(8)
    draft.value = bytes(body)


def truncated(random: Random, draft: Draft) -> None:
    body = _body(draft)
    draft.value = body[: random.randrange(len(body))]


def inserted(random: Random, draft: Draft) -> None:
    body = _body(draft)
    at = random.randrange(len(body))
    added = random.choice((random.randbytes(random.randint(1, 40)), *RAW_TEXTS, *LITERALS))
    draft.value = body[:at] + added + body[at:]


def doubled(random: Random, draft: Draft) -> None:
    """A piece of it comes twice, or two of them in one value."""
    body = _body(draft)
    start, end = sorted(random.choices(range(len(body) + 1), k=2))
    draft.value = random.choice((body + body, body[:end] + body[start:], body + b"\n" + body))


def literals(random: Random, draft: Draft) -> None:
    """Numbers beyond every type, and words that are no JSON."""
    name = random.choice(list(draft.fields))
    draft.value = _with_raw(draft, name, random.choice(LITERALS))


def raw_texts(random: Random, draft: Draft) -> None:
    """Surrogates raw and escaped, overlong UTF-8, NUL, control characters inside a string."""
    name = random.choice(list(draft.fields))
    text = random.choice(RAW_TEXTS)
    draft.value = _with_raw(draft, name, b'"' + draft.mark.encode() + text + b'"')


def encodings(random: Random, draft: Draft) -> None:
    text = json.dumps({**draft.fields, "ñ": "año"}, ensure_ascii=False)
    name = random.choice(
        ("utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1", "utf-7", "cp037")
    )
    draft.value = text.encode(name, "replace")


def duplicate_keys(random: Random, draft: Draft) -> None:
    """The same name again: with another value, a thousand times, or escaped."""
    body = _body(draft)
    name = random.choice(list(draft.fields))
    again = b'"%s":%s,' % (name.encode(), random.choice((b"null", b"1", b"[]", b'"x"')))
    escaped = b'"\\u%04x%s":null,' % (ord(name[0]), name[1:].encode())
    added = random.choice((again, again * 1_000, escaped, again + escaped))
    draft.value = random.choice((b"{" + added + body[1:], body[:-1] + b"," + added[:-1] + b"}"))


def deep(random: Random, draft: Draft) -> None:
    """Ten thousand levels, closed or not, alone or in a field."""
    depth = random.choice((150, 200, 201, 256, 1_000, DEEP, 100_000))
    opening, closing = random.choice(((b"[", b"]"), (b'{"a":', b"}"), (b'[{"a":', b"}]")))
    nest = opening * depth + b"1" + closing * random.choice((0, depth))
    name = random.choice(list(draft.fields))
    draft.value = random.choice((nest, _with_raw(draft, name, nest)))[:LARGE]


def large(random: Random, draft: Draft) -> None:
    """Up to a megabyte, in a field, beside the fields or as blanks; just below the bound, too."""
    size = random.choice((200_000, 262_000, 262_145, 300_000, LARGE))
    body = _body(draft)
    text = (draft.mark + " ").encode() * (size // (len(draft.mark) + 1))
    draft.value = random.choice(
        (
            body[:-1] + b',"more":"' + text + b'"}',
            _with_raw(draft, random.choice(list(draft.fields)), b'"' + text + b'"'),
            b" " * (size - len(body)) + body,
            b"[" + b"0," * (size // 2) + b"0]",
        )
    )[:LARGE]


def repeated(random: Random, draft: Draft) -> None:
    """Repeats one byte or one piece, which compresses to almost nothing."""
    piece = random.choice(
        (b"\x00", b"a", b'{"a":', b'"a",', b"[],", b"\\u0000", b"\xf0\x9f\x98\x80")
    )
    many = piece * (random.choice((5_000, 100_000, 250_000)) // len(piece))
    name = random.choice(list(draft.fields))
    draft.value = random.choice((many, _with_raw(draft, name, b'"' + many + b'"')))


def many_names(random: Random, draft: Draft) -> None:
    """Ten thousand fields nobody asked for."""
    count = random.choice((100, 1_000, 10_000))
    draft.value = json.dumps(
        {**{f"f{n}": draft.mark for n in range(count)}, **draft.fields}
    ).encode()


def noise(random: Random, draft: Draft) -> None:
    draft.value = random.randbytes(random.choice((1, 10, 1_000)))


def not_an_object(random: Random, draft: Draft) -> None:
    whole = (b"", b" ", b"null", b"true", b"0", b"[]", b"[{}]", b"{}", b"{} {}", b"{", b"}")
    draft.value = random.choice((*whole, json.dumps([draft.fields]).encode(), None))


def _body(draft: Draft) -> bytes:
    return json.dumps(draft.fields).encode()


def _with_raw(draft: Draft, name: str, raw: bytes) -> bytes:
    """The value with `raw` as it is where the field's value was."""
    others = {n: v for n, v in draft.fields.items() if n != name}
    return b'{"%s":%s,%s' % (name.encode(), raw, json.dumps(others).encode()[1:])


KINDS: dict[str, tuple[Spoil, float]] = {
    "flipped": (flipped, 6),
    "truncated": (truncated, 4),
    "inserted": (inserted, 5),
    "doubled": (doubled, 2),
    "literals": (literals, 4),
    "raw texts": (raw_texts, 5),
    "encodings": (encodings, 3),
    "duplicate keys": (duplicate_keys, 3),
    "deep": (deep, 1),
    "large": (large, 0.25),
    "repeated": (repeated, 0.5),
    "many names": (many_names, 0.5),
    "noise": (noise, 3),
    "not an object": (not_an_object, 3),
}
"""By name: how, and how often in relation to the other kinds."""
