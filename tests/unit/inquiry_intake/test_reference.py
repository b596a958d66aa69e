"""The reference that a customer reads out on the phone."""

import re
import sys
from collections.abc import Iterator
from itertools import combinations, product
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events.reference import parse_reference, reference_of

DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
REFERENCE = reference_of(UUID("6f1c2a34-9b7d-5e80-a1b2-c3d4e5f60718"))

ids = st.uuids()
digit = st.sampled_from(DIGITS)
position = st.integers(min_value=0, max_value=10)


def compact(reference: str) -> str:
    """The ten digits and the check character alone."""
    return reference.removeprefix("INQ-").replace("-", "")


def replaced(digits: str, at: int, by: str) -> str:
    return digits[:at] + by + digits[at + 1 :]


def with_one_other_character(digits: str) -> Iterator[str]:
    for at, by in product(range(len(digits)), DIGITS):
        if digits[at] != by:
            yield replaced(digits, at, by)


def with_two_swapped(digits: str) -> Iterator[str]:
    for first, second in combinations(range(len(digits)), 2):
        if digits[first] != digits[second]:
            yield replaced(replaced(digits, first, digits[second]), second, digits[first])


@pytest.mark.parametrize(
    ("inquiry_id", "reference"),
    [
        ("00000000-0000-5000-8000-000000000000", "INQ-00000-00000-0"),
        ("00000000-0000-5000-8000-000000000001", "INQ-00000-00001-2"),
        ("ffffffff-ffff-5fff-bfff-ffffffffffff", "INQ-ZZZZZ-ZZZZZ-4"),
        ("6f1c2a34-9b7d-5e80-a1b2-c3d4e5f60718", "INQ-P3TKJ-ZC1RR-Q"),
    ],
)
def test_an_inquiry_keeps_its_reference_for_ever(inquiry_id: str, reference: str) -> None:
    assert reference_of(UUID(inquiry_id)) == reference


@given(ids)
def test_a_reference_is_two_groups_of_five_and_a_check_character(inquiry_id: UUID) -> None:
    shape = rf"INQ-[{DIGITS}]{{5}}-[{DIGITS}]{{5}}-[{DIGITS}]"

    assert re.fullmatch(shape, reference_of(inquiry_id))


@given(low=st.integers(0, 2**50 - 1), other=st.integers(0, 2**50 - 1), high=st.integers(0, 2**78))
def test_references_differ_exactly_when_the_low_fifty_bits_do(
    low: int, other: int, high: int
) -> None:
    mine, theirs = UUID(int=low), UUID(int=other)

    assert (reference_of(mine) == reference_of(theirs)) is (low == other)
    assert reference_of(UUID(int=(high << 50 | low) % 2**128)) == reference_of(mine)


@given(ids)
def test_a_reference_reads_back_as_itself(inquiry_id: UUID) -> None:
    assert parse_reference(reference_of(inquiry_id)) == reference_of(inquiry_id)


@pytest.mark.parametrize(
    "typed",
    [
        "INQ-P3TKJ-ZC1RR-Q",
        "inq-p3tkj-zc1rr-q",
        "  INQ P3TKJ ZC1RR Q\n",
        "INQP3TKJZC1RRQ",
        "P3TKJ-ZC1RR-Q",
        "p3tkjzc1rrq",
        "P 3 T K J . Z C 1 R R . Q",
        "INQ–P3TKJ—ZC1RR−Q",  # dashes as a word processor makes them
        "1nq-p3tkj-zc1rr-q",
        "LNQ-P3TKJ-ZCIRR-Q",
        "INQ-P3TKJ-ZClRR-Q",
        "INQ\u00a0P3TKJ\u00a0ZC1RR\u00a0Q",
    ],
)
def test_what_a_person_types_is_understood(typed: str) -> None:
    assert parse_reference(typed) == "INQ-P3TKJ-ZC1RR-Q"


def test_the_letter_o_is_read_as_zero() -> None:
    assert parse_reference("INQ-OOOOO-ooooo-O") == "INQ-00000-00000-0"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "INQ",
        "INQ-P3TKJ-ZC1RR",
        "INQ-P3TKJ-ZC1RR-QQ",
        "INQ-P3TKJ-ZC1RR-3",
        "INX-P3TKJ-ZC1RR-Q",
        "INQ-INQ-P3TKJ-ZC1RR-Q",
        "INQ-P3TKU-ZC1RR-Q",
        "INQ-P3TK*-ZC1RR-Q",
        "INQ-Pß3TJ-ZC1RR-Q",
        "INQ-٣3TKJ-ZC1RR-Q",
        "my reference is INQ-P3TKJ-ZC1RR-Q",
    ],
)
def test_what_cannot_be_a_reference_is_none(typed: str) -> None:
    assert parse_reference(typed) is None


def test_every_single_wrong_character_is_caught() -> None:
    slips = list(with_one_other_character(compact(REFERENCE)))

    assert len(slips) == 11 * 31
    assert [slip for slip in slips if parse_reference(slip)] == []


@given(ids, position, digit)
def test_a_wrong_character_in_any_reference_is_caught(inquiry_id: UUID, at: int, by: str) -> None:
    right = compact(reference_of(inquiry_id))
    typed = replaced(right, at, by)

    assert (parse_reference(typed) is not None) is (typed == right)


@given(ids)
def test_two_swapped_characters_anywhere_are_caught(inquiry_id: UUID) -> None:
    slips = with_two_swapped(compact(reference_of(inquiry_id)))

    assert [slip for slip in slips if parse_reference(slip)] == []


@pytest.mark.parametrize(("first", "second"), list(combinations(range(10), 2)))
def test_a_misheard_pair_of_equal_characters_is_caught(first: int, second: int) -> None:
    pair_of_zeros = compact("INQ-00000-00000-0")
    slips = [replaced(replaced(pair_of_zeros, first, by), second, by) for by in DIGITS[1:]]

    assert [slip for slip in slips if parse_reference(slip)] == []


@given(ids, position)
def test_a_lost_character_is_caught(inquiry_id: UUID, at: int) -> None:
    assert parse_reference(replaced(compact(reference_of(inquiry_id)), at, "")) is None


@given(st.text(max_size=40))
def test_any_text_gives_a_reference_that_reads_back_or_none(text: str) -> None:
    parsed = parse_reference(text)

    assert parsed is None or parse_reference(parsed) == parsed


def test_a_further_attempt_gives_another_reference_and_always_the_same() -> None:
    ids = [UUID(int=number) for number in range(1, 200)]
    tries = [[reference_of(inquiry_id, attempt) for inquiry_id in ids] for attempt in (0, 1, 2)]
    assert tries[0] == [reference_of(inquiry_id) for inquiry_id in ids]
    assert len({reference for attempt in tries for reference in attempt}) == 3 * len(ids)
    assert tries == [
        [reference_of(inquiry_id, attempt) for inquiry_id in ids] for attempt in (0, 1, 2)
    ]
    assert all(
        parse_reference(reference) == reference for attempt in tries for reference in attempt
    )


@pytest.mark.parametrize("letter", ["x", "-", " ", "\u0301", "\u0301\u0316", "1-"])
def test_a_text_of_a_quarter_of_a_million_letters_is_looked_at_as_a_whole(letter: str) -> None:
    text = letter * (250_000 // len(letter))
    calls = 0

    def count(*_: object) -> None:
        nonlocal calls
        calls += 1

    sys.setprofile(count)
    try:
        parsed = parse_reference(text)
    finally:
        sys.setprofile(None)

    assert parsed is None
    assert calls < 100
