"""Registration and authorisation, the two steps to access (F1); updates, withdrawn consents."""

from datetime import timedelta

import pytest

from services.contract_archive.rules import Rules
from shared.events.contracts import (
    CustomerAccessAuthorised,
    CustomerConsentWithdrawn,
    CustomerDenialCause,
    CustomerProfileUpdated,
    CustomerRegistered,
    CustomerRequestDenied,
)
from shared.events.envelope import Event
from shared.events.values import ConsentPurpose, Language
from tests.builders.archive import (
    HOLDER,
    NOW,
    STRANGER,
    Archive,
    authorisation,
    consent_withdrawal,
    profile_update,
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


REGISTERED_WITH_ACCESS = (registration(), authorisation())
WITHDRAWN_LATER = NOW + timedelta(days=3)
CHANGES = {
    "name": "Otro Nombre",
    "email": "nuevo@example.test",
    "phone": "+34 900 000 001",
    "company": "Otra Empresa",
    "country": "PT",
    "language": Language.EN,
}


@pytest.mark.parametrize("changes", [*({name: it} for name, it in CHANGES.items()), CHANGES])
@pytest.mark.parametrize(
    ("before", "access"), [((registration(),), False), (REGISTERED_WITH_ACCESS, True)]
)
def test_an_update_replaces_what_it_names_and_nothing_else(
    before: tuple[Event, ...], access: bool, changes: dict[str, str]
) -> None:
    archive = Archive(RULES, *before)

    assert archive.receive(profile_update(**changes)) == [
        CustomerProfileUpdated(
            **{**PROFILE, **changes},
            registered_at=NOW,
            access=access,
            answers_inquiry_id="inq-update",
        )
    ]
    assert archive.access() is access


@pytest.mark.parametrize(
    ("request_", "inquiry_id"),
    [(profile_update(name="Otro Nombre"), "inq-update"), (consent_withdrawal(), "inq-consent")],
    ids=["update", "consent"],
)
@pytest.mark.parametrize("before", [(), (authorisation(),)], ids=["unknown", "authorised ahead"])
def test_who_is_not_registered_is_told_so_and_can_still_register(
    before: tuple[Event, ...], request_: Event, inquiry_id: str
) -> None:
    archive = Archive(RULES, *before)

    assert archive.receive(request_) == [
        CustomerRequestDenied(
            customer_id=HOLDER,
            inquiry_id=inquiry_id,
            cause=CustomerDenialCause.NOT_REGISTERED,
        )
    ]
    assert archive.receive(registration()) == Archive(RULES, *before).receive(registration())


@pytest.mark.parametrize("purpose", list(ConsentPurpose))
def test_a_withdrawn_consent_is_kept_with_its_time_and_ends_access(
    purpose: ConsentPurpose,
) -> None:
    archive = Archive(RULES, *REGISTERED_WITH_ACCESS)

    (event,) = archive.receive(consent_withdrawal(purpose, WITHDRAWN_LATER))

    consents = [
        {**consent, "withdrawn_at": WITHDRAWN_LATER if consent["purpose"] is purpose else None}
        for consent in PROFILE["consents"]
    ]
    assert event == CustomerConsentWithdrawn(
        **{**PROFILE, "consents": consents},
        registered_at=NOW,
        access=False,
        answers_inquiry_id="inq-consent",
        purpose=purpose,
        wording_version="2026-02",
        withdrawn_at=WITHDRAWN_LATER,
    )
    assert archive.access() is False


def test_a_consent_withdrawn_twice_keeps_the_first_time() -> None:
    archive = Archive(RULES, registration(), consent_withdrawal())

    (event,) = archive.receive(consent_withdrawal(withdrawn_at=WITHDRAWN_LATER))

    assert isinstance(event, CustomerConsentWithdrawn)
    assert [consent.withdrawn_at for consent in event.consents] == [None, NOW]


def test_the_other_consent_can_be_withdrawn_later() -> None:
    archive = Archive(RULES, registration(), consent_withdrawal())

    (event,) = archive.receive(
        consent_withdrawal(ConsentPurpose.STORE_AND_CONTACT, WITHDRAWN_LATER)
    )

    assert isinstance(event, CustomerConsentWithdrawn)
    assert [consent.withdrawn_at for consent in event.consents] == [WITHDRAWN_LATER, NOW]


def test_after_a_withdrawn_consent_both_steps_to_access_are_needed_again() -> None:
    archive = Archive(RULES, *REGISTERED_WITH_ACCESS, consent_withdrawal())

    assert archive.receive(registration()) == [REGISTERED]
    assert archive.receive(authorisation()) == [WITH_ACCESS]


def test_an_authorisation_without_the_consent_gives_no_access_until_there_is_one_again() -> None:
    archive = Archive(RULES, registration(), consent_withdrawal())

    assert types(archive.receive(authorisation())) == ["customer.authorised_ahead"]
    assert archive.access() is False
    assert types(archive.receive(profile_update(phone="+34 900 000 001"))) == [
        "customer.profile_updated.v1"
    ]
    assert archive.access() is False
    assert archive.receive(registration()) == [REGISTERED, WITH_ACCESS]


def test_updates_and_withdrawals_add_up_to_the_state() -> None:
    archive = Archive(
        RULES,
        consent_withdrawal(),
        authorisation(),
        registration(),
        profile_update(email="nuevo@example.test"),
        consent_withdrawal(),
        authorisation(),
        profile_update(language=Language.EN),
    )

    assert archive.refolded == archive.states
