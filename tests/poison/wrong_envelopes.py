"""Headers and keys that no sound writer sends; the value below them may be sound."""

from __future__ import annotations

from random import Random

from shared.events.topics import EVENT_TYPES
from tests.poison.bases import Draft
from tests.poison.wrong_fields import TIMES, Spoil

NEEDED = ("ce_specversion", "ce_id", "ce_source", "ce_type")
ALMOST_A_RECORD = 1_040_000
"""With its value and the rest still within the broker's bound of 1 MiB."""
ODD_BYTES = (
    *(b"", b" ", b"\x00", b"\xff\xfe", b"\xed\xa0\x80", b"\n", b"a\r\nb", b"\xef\xbb\xbf", b"null"),
    *("😀".encode(), "\u202e".encode(), "\u00a0".encode(), b"$a.b", b"{}", b"x" * 255, b"x" * 256),
)


def missing(random: Random, draft: Draft) -> None:
    for name in random.sample(NEEDED, random.randint(1, len(NEEDED))):
        draft.drop(name)


def null(random: Random, draft: Draft) -> None:
    name = random.choice([name for name, _ in draft.headers])
    draft.head(name, None)
    draft.extra = [("note", None)] * random.randint(0, 1)


def odd(random: Random, draft: Draft) -> None:
    """Some header's value is empty, huge, unprintable or no text."""
    name = random.choice([name for name, _ in draft.headers])
    marked = draft.mark.encode() + random.choice((b"\x00", b"\xff", b"y" * 5_000))
    value = random.choice((marked, random.choice(ODD_BYTES)))
    draft.head(name, value)


def twice(random: Random, draft: Draft) -> None:
    """The same header again, spelled the same or not, with the same value or not."""
    name, value = random.choice(draft.headers)
    spelled = random.choice((name, name.upper(), name.title(), name.replace("_", "-")))
    draft.extra = [(spelled, random.choice((value, None, *ODD_BYTES)))]
    random.shuffle(draft.headers)


def mixed_case(random: Random, draft: Draft) -> None:
    draft.headers = [(random.choice((n.upper(), n.title(), n)), v) for n, v in draft.headers]


def random_headers(random: Random, draft: Draft) -> None:
    names = ("", " ", "ce_", "\x00", "dl_reason", "dl_topic", "dl_offset", "ñ", "x" * 300, "note")
    draft.extra = [
        (random.choice(names), random.choice((None, *ODD_BYTES, draft.mark.encode())))
        for _ in range(random.randint(1, 5))
    ]


def flood(random: Random, draft: Draft) -> None:
    """Thousands of headers."""
    count = random.choice((100, 1_000, 5_000))
    same = random.random() < 0.5
    draft.extra = [("note" if same else f"h{n}", draft.mark.encode()) for n in range(count)]


def traces(random: Random, draft: Draft) -> None:
    """Adds a header that only travels along: of any content, and as large as a record can be."""
    sizes = (1, 255, 256, 10_000, 300_000, ALMOST_A_RECORD)
    size = random.choices(sizes, (5, 5, 5, 5, 0.3, 0.2))[0]
    text = (draft.mark.encode() + b"-" * size)[:size]
    name = random.choice(("ce_correlationid", "ce_causationid", "traceparent", "ce_subject"))
    draft.drop(name)
    draft.extra = [(name, random.choice((text, text, *ODD_BYTES)))]


def times(random: Random, draft: Draft) -> None:
    draft.drop("ce_time")
    draft.extra = [("ce_time", random.choice((*TIMES, "1", "1e9", "9" * 30)).encode())]


def other_type(random: Random, draft: Draft) -> None:
    """Unknown types, those of other topics, and other types of the same topic."""
    known = tuple(EVENT_TYPES)
    odd_types = ("", "submission.inquiry.v2", "notification.due", draft.mark, "Inquiry", "*")
    draft.head("ce_type", random.choice((*known, *odd_types)).encode())


def other_content(random: Random, draft: Draft) -> None:
    types = ("text/plain", "application/json; charset=latin-1", "application/xml", ";", "JSON", "")
    draft.head("content-type", random.choice(types).encode())
    draft.head("ce_specversion", random.choice((b"1.0", b"0.3", b"1", b"1.0 ", b"")))


def keys(random: Random, draft: Draft) -> None:
    """Keys that are absent, empty, no text, another's or very long."""
    draft.key = random.choice((None, *ODD_BYTES, b"V-1", b"k" * 100_000, draft.mark.encode()))
    draft.fields.pop("customer_id", None)


def reused_id(random: Random, draft: Draft) -> None:
    """One identity for many different bodies."""
    draft.head("ce_id", f"reused-{random.randrange(20)}".encode())


KINDS: dict[str, tuple[Spoil, float]] = {
    "header missing": (missing, 3),
    "header null": (null, 2),
    "header odd": (odd, 4),
    "header twice": (twice, 3),
    "header case": (mixed_case, 2),
    "headers by chance": (random_headers, 3),
    "header flood": (flood, 0.5),
    "headers along": (traces, 2),
    "header times": (times, 2),
    "other type": (other_type, 4),
    "other content": (other_content, 2),
    "keys": (keys, 3),
    "id reused": (reused_id, 2),
}
"""By name: how, and how often in relation to the other kinds."""
