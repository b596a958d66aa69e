"""Where a mail goes, in which language, and whose contract it may name."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.notification.mail.catalogue import BY_TEMPLATE, SendTo
from services.notification.mail.recipients import Recipient, Unaddressable
from shared.events.envelope import Event
from shared.events.values import Contact, Language
from tests.builders.notification import (
    CUSTOMER,
    EVENT_EMAIL,
    FILE_EMAIL,
    INQUIRY_EMAIL,
    NAME,
    NOW,
    ONE_OF_EACH,
    PROFILE_EMAIL,
    REFERENCE,
    TITLE,
    Notifications,
    authorised,
    copy_denied,
    copy_ready,
    lapsed,
    opened,
    progressed,
    recorded,
    recorded_servicepac,
    registered,
    rejected,
    scheduled,
)

LATER = opened(
    inquiry_id="inq-2",
    opened_at=NOW + timedelta(hours=1),
    contact=Contact(name=NAME, email=FILE_EMAIL),
)
EARLIER = opened(
    inquiry_id="inq-0",
    opened_at=NOW - timedelta(hours=1),
    contact=Contact(name=NAME, email="antiguo@example.test"),
)
BY_PHONE = opened(contact=Contact(name=NAME, phone="+34 900 000 000"))
LATER_BY_PHONE = BY_PHONE.model_copy(
    update={"inquiry_id": "inq-2", "opened_at": NOW + timedelta(hours=1)}
)
HOSTILE = opened(contact=Contact(email="a\x00b@example.test"))

GOES_TO = {
    "the contact given": ([opened(), registered(), scheduled()], INQUIRY_EMAIL),
    "the file's latest contact": ([opened(), registered(), LATER, scheduled()], FILE_EMAIL),
    "the latest, whichever came first": ([LATER, opened(), EARLIER, scheduled()], FILE_EMAIL),
    "the latest that has an address": ([opened(), LATER_BY_PHONE, scheduled()], INQUIRY_EMAIL),
    "the profile, without a contact": ([BY_PHONE, registered(), scheduled()], PROFILE_EMAIL),
    "the profile, past an unusable address": ([HOSTILE, registered(), scheduled()], PROFILE_EMAIL),
    "the contact of one who is not registered": ([opened(), scheduled()], INQUIRY_EMAIL),
    "a lapse: the file's contact": ([registered(), opened(), lapsed()], INQUIRY_EMAIL),
    "a lapse: else the profile": ([registered(), lapsed()], PROFILE_EMAIL),
    "a confirmation: its own contact": ([LATER, registered(), opened()], INQUIRY_EMAIL),
    "a confirmation without one: the file's": ([LATER, opened(contact=Contact())], FILE_EMAIL),
    "a confirmation: the file's before the profile": (
        [LATER, registered(), opened(contact=Contact())],
        FILE_EMAIL,
    ),
    "a copy: the holder alone": ([LATER, opened(), registered(), copy_ready()], PROFILE_EMAIL),
    "a code: the holder alone": ([opened(), registered(), recorded_servicepac()], PROFILE_EMAIL),
    "access: the holder alone": ([opened(), authorised()], PROFILE_EMAIL),
    "a rejection: the contact in it": ([registered(), rejected()], EVENT_EMAIL),
    "a rejection: else the profile": ([registered(), rejected(contact=None)], PROFILE_EMAIL),
}

GOES_NOWHERE = {
    "the inquiry is still on its way": ([registered(), scheduled()], "inquiry_unknown", False),
    "an inquiry without any address": ([BY_PHONE, scheduled()], "no_address", True),
    "a withdrawal before the request": ([opened(contact=Contact())], "no_address", False),
    "its decision before the request": (
        [opened(contact=Contact()), scheduled()],
        "no_address",
        False,
    ),
    "a confirmation by phone only": ([BY_PHONE], "no_address", True),
    "an inquiry with an unusable one": ([HOSTILE, scheduled()], "no_address", True),
    "a rejection without any address": ([rejected(contact=None)], "no_address", True),
    "a code before its holder": ([opened(), recorded_servicepac()], "no_address", False),
    "a lapse before its customer": ([lapsed()], "no_address", False),
    "an answer before its inquiry": ([progressed()], "inquiry_unknown", False),
}


@pytest.mark.parametrize(("events", "address"), GOES_TO.values(), ids=GOES_TO)
def test_a_mail_goes_to(events: list[Event], address: str) -> None:
    registered = address == PROFILE_EMAIL
    assert Notifications(*events).addressed() == Recipient(NAME, address, registered)


@pytest.mark.parametrize(("events", "error", "permanent"), GOES_NOWHERE.values(), ids=GOES_NOWHERE)
def test_a_mail_goes_nowhere(events: list[Event], error: str, permanent: bool) -> None:
    assert Notifications(*events).addressed() == Unaddressable(error, permanent)


def test_a_contact_that_arrives_before_the_mail_goes_out_counts() -> None:
    world = Notifications(opened(), scheduled())
    decision = world.last

    world.receive(LATER)

    assert world.addressed(decision) == Recipient(NAME, FILE_EMAIL)


def test_a_confirmation_does_not_wait_for_an_address_for_ever() -> None:
    world = Notifications(opened(contact=Contact()))
    after_half_an_hour = world.last.model_copy(update={"attempts": 11})

    assert world.addressed(after_half_an_hour) == Unaddressable("no_address", permanent=True)


def test_the_latest_profile_counts() -> None:
    world = Notifications(registered(), lapsed())
    lapse = world.last

    world.receive(authorised(email="nuevo@example.test"))

    assert world.addressed(lapse) == Recipient(NAME, "nuevo@example.test", registered=True)


def test_another_customers_contact_on_the_same_contract_is_not_this_files() -> None:
    stranger = LATER.model_copy(update={"customer_id": "C-0002"})

    world = Notifications(opened(), stranger, scheduled())

    assert world.addressed() == Recipient(NAME, INQUIRY_EMAIL)


@pytest.mark.parametrize(
    "template", ["servicepac_activation_code", "contract_copy_ready", "contract_accepted"]
)
def test_secrets_go_to_the_registered_address_alone_and_wait_for_it(template: str) -> None:
    """A contact in a form is anybody's; the profile may arrive after the event."""
    assert BY_TEMPLATE[template].to is SendTo.HOLDER
    assert BY_TEMPLATE[template].waits


IN_ENGLISH = {"language": Language.EN}
SPEAKS = {
    "Spanish by default": ([lapsed()], Language.ES),
    "the inquiry's language": ([registered(), opened(**IN_ENGLISH), scheduled()], Language.EN),
    "the profile's, without an inquiry": ([registered(**IN_ENGLISH), lapsed()], Language.EN),
    "the file's, without a profile": ([opened(**IN_ENGLISH), lapsed()], Language.EN),
    "the profile's before the file's": ([registered(), opened(**IN_ENGLISH), lapsed()], "es"),
    "the event's own": ([registered(), rejected(**IN_ENGLISH)], Language.EN),
}


@pytest.mark.parametrize(("events", "language"), SPEAKS.values(), ids=SPEAKS)
def test_a_mail_speaks(events: list[Event], language: Language) -> None:
    assert Notifications(*events).language == language


def test_a_contracts_title_is_named_to_its_holder() -> None:
    world = Notifications(recorded(), opened(), scheduled())

    assert TITLE in world.rendered().text


def test_a_contracts_title_is_not_named_to_anybody_else() -> None:
    world = Notifications(recorded(customer_id="C-0002"), opened(), scheduled())

    assert TITLE not in world.rendered().text


@pytest.mark.parametrize(
    "template",
    [
        "cancellation_referred",
        "contract_copy_denied",
        "contract_acceptance_denied",
        "contract_activation_failed",
    ],
)
def test_a_denial_reads_the_same_whether_or_not_the_contract_exists(template: str) -> None:
    """F8, and the policies: an unknown contract gets the same answer as another's."""
    denial = ONE_OF_EACH[template]

    known = Notifications(opened(), recorded(), denial).rendered()
    unknown = Notifications(opened(), denial).rendered()

    assert known == unknown


def test_the_causes_of_a_denied_copy_are_not_told_apart() -> None:
    first = Notifications(opened(), copy_denied(cause="not_available")).rendered()
    other = Notifications(opened(), copy_denied(cause="not_authorised")).rendered()

    assert first == other


@pytest.mark.parametrize(
    ("cause", "said"),
    [
        ("not_printable", "nuestros documentos no pueden mostrar"),
        ("text_changed", "no es el texto vigente y aprobado"),
        ("text_not_approved", "aún no está aprobado"),
        ("not_acceptable", "ha terminado o se ha cancelado"),
        ("not_available", "Compruebe el número de contrato"),
    ],
)
def test_the_holder_reads_why_an_acceptance_was_denied(cause: str, said: str) -> None:
    denied = ONE_OF_EACH["contract_acceptance_denied"].model_copy(update={"cause": cause})

    assert said in " ".join(Notifications(opened(), denied).rendered().text.split())


def test_the_holder_reads_that_a_copy_cannot_show_a_name() -> None:
    rendered = Notifications(opened(), copy_denied(cause="not_printable")).rendered()

    said = "nuestros documentos no pueden mostrar"
    assert said in " ".join(rendered.text.split())


def test_a_mail_about_an_inquiry_quotes_its_reference() -> None:
    rendered = Notifications(opened(), scheduled()).rendered()

    assert f"[{REFERENCE}]" in rendered.subject
    assert REFERENCE in rendered.text
    assert REFERENCE in rendered.html


def test_no_customer_id_is_shown() -> None:
    assert CUSTOMER not in Notifications(registered(), opened()).rendered().text
