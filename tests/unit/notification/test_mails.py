"""Which events a customer hears of, by mail."""

from __future__ import annotations

from pathlib import Path

import pytest

import services.notification
from services.notification.mail.catalogue import ADDRESS_CHANGED, BY_TEMPLATE, SUMMARY, mail_for
from shared.events.contracts import ContractStatus, ContractStatusChanged
from shared.events.envelope import Event
from shared.events.inquiries import ClosedBy, InquiryResolved
from shared.events.topics import TOPICS, topics_read_by
from shared.events.values import Bilingual, FieldError
from tests.builders.notification import (
    CONTRACT,
    CUSTOMER,
    INQUIRY,
    ONE_OF_EACH,
    Notifications,
    closed,
    progressed,
    recorded,
    recorded_servicepac,
    rejected,
    reopened,
)

TEMPLATES = Path(services.notification.__file__).parent / "templates"
SHARED_BY_MAILS = {"base", "decision", "evidence"}

_SAID = Bilingual(es="No.", en="No.")
CHANNELS_FAULTS = tuple(
    FieldError(field=field, code=code, message=_SAID)
    for field, code in [
        ("ce_id", "id_reused"),
        ("received_at", "in_future"),
        ("channel", "not_allowed"),
        ("customer_id", "wrong_format"),
        ("consents.0.given_at", "wrong_format"),
        ("consents.0.wording_version", "missing"),
        ("contract_numbers.0", "wrong_type"),
    ]
)
SILENT = {
    "a contract's status": ContractStatusChanged(
        contract_number=CONTRACT, customer_id=CUSTOMER, status=ContractStatus.ACTIVE
    ),
    "a contract that is no ServicePac": recorded(),
    "an activation code of another type": recorded(activation_code="KEY"),
    "a ServicePac without a code": recorded_servicepac(activation_code=None),
    "an inquiry that the desk closed": closed(ClosedBy.DESK),
    "an inquiry that the desk reopened": reopened(ClosedBy.DESK),
    "an inquiry that is resolved": InquiryResolved(inquiry_id=INQUIRY),
    "progress that another mail tells": progressed("scheduled"),
    "a rejection for the channel's own faults": rejected(errors=CHANNELS_FAULTS),
    "a mail that failed": progressed("notification_failed"),
}


@pytest.mark.parametrize(("template", "event"), ONE_OF_EACH.items(), ids=ONE_OF_EACH)
def test_an_event_that_a_customer_should_hear_of_has_its_mail(template: str, event: Event) -> None:
    mail = mail_for(event)

    assert mail is not None
    assert mail.template == template


@pytest.mark.parametrize("event", SILENT.values(), ids=SILENT)
def test_other_events_cause_no_mail(event: Event) -> None:
    assert Notifications(event).notifications == []


def test_every_row_of_the_table_has_an_example() -> None:
    assert {*ONE_OF_EACH, SUMMARY.template, ADDRESS_CHANGED.template} == set(BY_TEMPLATE)


@pytest.mark.parametrize("language", ["es", "en"])
def test_every_template_is_written_in_both_languages_and_used(language: str) -> None:
    written = {path.stem for path in (TEMPLATES / language).glob("*.j2")}

    assert written == set(BY_TEMPLATE) | SHARED_BY_MAILS


def test_the_readme_names_every_mail() -> None:
    readme = (TEMPLATES.parent / "README.md").read_text("utf-8")

    assert [template for template in BY_TEMPLATE if f"`{template}`" not in readme] == []


@pytest.mark.parametrize("template", ONE_OF_EACH)
def test_only_fields_that_the_event_has_are_kept(template: str) -> None:
    kept = set(BY_TEMPLATE[template].keeps)

    assert kept <= set(type(ONE_OF_EACH[template]).model_fields)


def test_every_event_of_the_topics_that_it_reads_can_be_routed() -> None:
    read = {event for name in topics_read_by("notification") for event in TOPICS[name].events}

    assert {type(event) for event in ONE_OF_EACH.values()} <= read
