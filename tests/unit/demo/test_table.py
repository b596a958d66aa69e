"""The demo's table at any width."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from desk.demo.table import show
from desk.demo.verdict import Observed, judge
from tests.builders.demo import cases, perfect, with_facts


def shown(evidence: Observed, width: int) -> str:
    out = Console(file=io.StringIO(), width=width, markup=False, highlight=False)
    show(judge(cases(), evidence), 12.3, out)
    assert isinstance(out.file, io.StringIO)
    return out.file.getvalue()


@pytest.mark.parametrize("width", [40, 60, 80, 110, 160])
@pytest.mark.parametrize(
    "word", ["withdrawal_refused", "evidence_reminded", "already_scheduled", "effective 2026-04-17"]
)
def test_an_outcome_is_never_cut_off(width: int, word: str) -> None:
    assert word in shown(perfect(cases()), width)


@pytest.mark.parametrize("width", [40, 60, 80, 110, 160])
def test_no_line_is_wider_than_the_screen_or_shortened(width: int) -> None:
    text = shown(perfect(cases()), width)

    assert max(len(line) for line in text.splitlines()) <= width
    assert "…" not in text


@pytest.mark.parametrize("width", [40, 60, 80, 110, 160])
def test_the_mails_are_counted_in_every_layout(width: int) -> None:
    assert "mails" in shown(perfect(cases()), width).partition("rows ok")[0]


@pytest.mark.parametrize("width", [80, 160])
def test_every_row_has_its_reference(width: int) -> None:
    text = shown(perfect(cases()), width)

    assert "INQ-00000-00001-0" in text


def test_a_wrong_row_is_marked_and_says_what_was_expected() -> None:
    text = shown(with_facts(perfect(cases()), "withdrawn", withdrawn_on="2020-01-01"), 160)

    assert "wrong" in text
    assert "withdrawn_on: expected 2026-03-18" in text
    assert "38 of 39 rows ok" in text


def test_the_closing_line_counts() -> None:
    assert "39 of 39 rows ok: 39 requests, 15 of 15 cancellation outcomes" in shown(
        perfect(cases()), 160
    )
