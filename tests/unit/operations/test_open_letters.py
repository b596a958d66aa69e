"""`desk doctor` and open work count open dead letters, and say if older ones were not read."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from shared.operations.checks.kafka import found_letters_check
from shared.operations.checks.result import Severity
from shared.operations.dead_letters.letter import Letter, LetterId
from shared.operations.dead_letters.open_letters import OpenLetters
from shared.operations.open_work import of_letters
from tests.builders.dead_letters import AT, dead_letter

OPEN = (dead_letter(LetterId(0, 1)), dead_letter(LetterId(0, 2), minutes=1))


@pytest.mark.parametrize(
    ("letters", "handled", "at_least", "verdict", "words"),
    [
        ((), 0, False, Severity.OK, "none"),
        ((), 3, False, Severity.OK, "none open, 3 dealt with"),
        ((), 3, True, Severity.OK, "none of the newest 3 open; older ones were not looked at"),
        (OPEN, 1, False, Severity.WARN, "2 (2 defect in cancellation)"),
        (OPEN, 1, True, Severity.WARN, "at least 2 (2 defect in cancellation)"),
    ],
)
def test_a_count_says_whether_it_is_one_of_all_letters(
    letters: Sequence[Letter], handled: int, at_least: bool, verdict: Severity, words: str
) -> None:
    check = found_letters_check(OpenLetters(letters, handled, at_least))

    assert (check.verdict, check.found) == (verdict, words)


def test_open_work_names_the_oldest_that_was_looked_at() -> None:
    group = of_letters(OpenLetters(OPEN, 1, at_least=True))

    assert (group.count, group.since, group.oldest, group.at_least) == (2, AT, "0-1", True)
