"""Registration and authorisation, the two steps to access (F1)."""

import pytest

from services.contract_archive.rules import Rules
from shared.events.contracts import CustomerAccessAuthorised, CustomerRegistered
from shared.events.envelope import Event
from tests.builders.archive import (
    HOLDER,
    NOW,
    STRANGER,
    Archive,
    authorisation,
    registration,
    types,
)

RULES = Rules()
PROFILE = registration().model_dump(exclude={"channel", "received_at"})
REGISTERED = CustomerRegistered(**PROFILE, registered_at=NOW, access=False)
WITH_ACCESS = CustomerAccessAuthorised(**PROFILE, registered_at=NOW, access=True)


def test_a_registration_gives_the_whole_profile_without_access() -> None:
    assert Archive().receive(registration()) == [REGISTERED]


def test_an_authorisation_repeats_the_whole_profile_with_access() -> None:
    assert Archive(RULES, registration()).receive(authorisation()) == [WITH_ACCESS]


def test_an_authorisation_ahead_of_the_registration_is_remembered_and_gives_no_access() -> None:
    archive = Archive()

    assert types(archive.receive(authorisation())) == ["customer.authorised_ahead"]
    assert archive.access(HOLDER) is False


def test_a_registration_after_its_authorisation_is_followed_by_access() -> None:
    archive = Archive(RULES, authorisation())

    assert archive.receive(registration()) == [REGISTERED, WITH_ACCESS]


@pytest.mark.parametrize("before", [[], [registration()]], ids=["not registered", "registered"])
def test_a_second_authorisation_changes_nothing(before: list[Event]) -> None:
    archive = Archive(RULES, *before, authorisation())

    assert archive.receive(authorisation()) == []


def test_registering_again_replaces_the_profile_and_keeps_access() -> None:
    archive = Archive(RULES, registration(), authorisation())

    (event,) = archive.receive(registration(inquiry_id="inq-2", name="Otro Nombre"))

    renamed = {**PROFILE, "inquiry_id": "inq-2", "name": "Otro Nombre"}
    assert event == CustomerRegistered(**renamed, registered_at=NOW, access=True)


def test_access_is_each_customers_own() -> None:
    archive = Archive(RULES, registration(), authorisation(), registration(STRANGER))

    assert (archive.access(HOLDER), archive.access(STRANGER)) == (True, False)
