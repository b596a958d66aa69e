"""The contracts that a desk on this machine begins with."""

from __future__ import annotations

from desk.commands.samples import sample_contracts
from shared.events.contracts import ContractType


def test_there_is_one_of_each_type_and_nothing_is_wrong_with_it() -> None:
    samples = sample_contracts()

    assert {it.data["type"] for it in samples} == set(ContractType)
    assert [list(it.faults(checked=True)) for it in samples] == [[]] * len(samples)


def test_published_again_they_are_the_same_messages() -> None:
    assert sample_contracts() == sample_contracts()
