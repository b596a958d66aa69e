"""The contracts that a desk on this machine begins with."""

from __future__ import annotations

from pathlib import Path

from desk.commands.samples import sample_contracts, sample_customer
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
