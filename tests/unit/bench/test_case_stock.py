"""The bench fills the console's index with the entries that the projection would store."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice

import pytest

from bench import case_stock
from bench.case_stock import Stock

AT = datetime(2026, 11, 28, 12, tzinfo=UTC)


def test_entries_made_of_pieces_are_those_of_the_projection() -> None:
    stock = Stock(AT, 1095)

    stock.check([0, 1, *range(10, 40), 999_999, 1_000_000])


def test_an_entry_that_differs_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    stock = Stock(AT, 1095)
    stock.check(range(20))
    monkeypatch.setattr(case_stock, "DAY_MS", 1)

    with pytest.raises(AssertionError):
        stock.check(range(20))


def test_every_inquiry_has_entries_of_its_own() -> None:
    stock = Stock(AT, 1095)

    entries = [it for number in range(50) for it in stock.entries(number)]

    assert len(set(entries)) == 50 * len(list(islice(stock.entries(7), 10)))
