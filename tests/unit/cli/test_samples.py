"""The contracts that a desk on this machine begins with."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from desk.commands.sample_account import first_text, sample_account, sample_answers
from desk.commands.samples import CONTRACTS, CUSTOMER, sample_contracts, sample_customer
from services.contract_archive.contract.issue_text import text_id
from services.customer_portal.rooms.statement import is_complete, statements
from shared.events.contracts import ContractType


def test_there_is_one_of_each_type_and_nothing_is_wrong_with_it() -> None:
    samples = sample_contracts()

    assert {it.data["type"] for it in samples} == set(ContractType)
    assert [list(it.faults(checked=True)) for it in samples] == [[]] * len(samples)


def test_published_again_they_are_the_same_messages() -> None:
    assert sample_contracts() == sample_contracts()


def test_their_holder_can_sign_in_and_is_the_same_each_time(tmp_path: Path) -> None:
    samples = sample_customer(tmp_path)

    assert sample_customer(tmp_path) == samples
    assert [list(it.faults(checked=True)) for it in samples] == [[]] * len(samples)
    assert {it.key for it in samples} == {it.data["customer_id"] for it in sample_contracts()}


NUMBERS = tuple(CONTRACTS)
AT = datetime(2026, 11, 27, 10, tzinfo=UTC).isoformat()


def test_nothing_is_wrong_with_the_sample_account_and_it_is_the_same_each_time() -> None:
    account = sample_account(CUSTOMER, NUMBERS, AT)
    every = [*account, *sample_answers(NUMBERS)]

    assert account == sample_account(CUSTOMER, NUMBERS, AT)
    assert [list(it.faults(checked=True)) for it in every] == [[]] * len(every)
    assert len({it.ce_id for it in every}) == len(every)


def test_the_sample_accounts_bookings_add_up_to_the_balance_that_billing_states() -> None:
    account = sample_account(CUSTOMER, NUMBERS, AT)
    bookings = [
        it.data | {"type": it.ce_type} for it in account if it.ce_type.startswith("account")
    ]

    [found] = statements(bookings, date(2026, 11, 27))

    assert is_complete(bookings)
    assert found.disagreement is None
    assert found.balance == Decimal("976.20")
    assert {it.number: it.open for it in found.open_items} == {
        "F-2026-0102": Decimal("831.00"),
        "F-2026-0103": Decimal("145.20"),
    }


def test_the_text_that_the_samples_approve_is_the_first_one_of_the_archive() -> None:
    assert first_text("K-2001") == text_id("K-2001", 1)
