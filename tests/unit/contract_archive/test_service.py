"""The archive's wiring: which message goes to which aggregate, and what settings say."""

from datetime import timedelta

import pytest

from services.contract_archive.rules import Rules
from services.contract_archive.service import build, route
from services.contract_archive.settings import Settings
from shared.events.billing import InvoicePaid
from shared.events.cancellations import CancellationAlreadyScheduled
from shared.events.envelope import Event, Message, Ref
from shared.events.internal import DocumentNotPrintable, DocumentStored, MailAttempted
from shared.events.topics import ARCHIVE, TOPIC_OF
from shared.runtime.decider import IGNORED, KeptFile, Route
from tests.builders.archive import (
    HOLDER,
    NOW,
    NUMBER,
    acceptance_requested,
    activation_requested,
    authorisation,
    cancellation_not_required,
    cancellation_scheduled,
    cancellation_suspended,
    cancellation_took_effect,
    cancellation_withdrawn,
    copy_requested,
    recorded,
    registration,
    renewal_lapsed,
    renewal_reinstated,
    stored,
    terminated,
    unlocked,
)

CONTRACT = Ref("contract", NUMBER)
CUSTOMER = Ref("customer", HOLDER)
ANSWERED = CancellationAlreadyScheduled.model_validate(
    {**cancellation_scheduled(1).model_dump(), "first_inquiry_id": "first"}
)
MAIL = MailAttempted(notification_id="n-1", attempt=1, recipient_hash="00")
PAID = InvoicePaid(invoice_number="F-1", contract_number=NUMBER, paid_on=NOW.date())


def routed(event: Event) -> Route:
    return route(Message("/channels/test", "1", event))


@pytest.mark.parametrize("event", [registration(), authorisation()])
def test_registration_and_authorisation_go_to_the_customer(event: Event) -> None:
    assert routed(event) == Route(decides=(CUSTOMER,))


@pytest.mark.parametrize("event", [copy_requested(), acceptance_requested()])
def test_what_needs_access_goes_to_the_contract_and_reads_the_customer(event: Event) -> None:
    assert routed(event) == Route(decides=(CONTRACT,), reads=(CUSTOMER,))


@pytest.mark.parametrize(
    "event",
    [
        recorded(),
        activation_requested(),
        unlocked(),
        cancellation_scheduled(1),
        cancellation_withdrawn(1),
        cancellation_took_effect(1),
        cancellation_suspended(1),
        cancellation_not_required(1),
        renewal_lapsed(1),
        renewal_reinstated(1),
        terminated(NOW.date()),
        stored("doc-1"),
    ],
    ids=lambda event: event.ce_type,
)
def test_what_happens_to_a_contract_goes_to_the_contract(event: Event) -> None:
    assert routed(event) == Route(decides=(CONTRACT,))


@pytest.mark.parametrize("event", [ANSWERED, MAIL, PAID], ids=lambda event: event.ce_type)
def test_what_does_not_concern_the_archive_is_ignored(event: Event) -> None:
    assert routed(event) is IGNORED


def test_private_events_travel_on_no_topic() -> None:
    private = [e.ce_type for d in build(Settings()).deciders for e in d.private_events]

    assert private
    assert not set(private) & set(TOPIC_OF)


def test_the_service_serves_its_documents_and_wakes_its_contracts() -> None:
    service = build(Settings())

    assert service.name == ARCHIVE
    assert [decider.kind for decider in service.deciders] == [
        "contract",
        "customer",
        "attachment",
        "erasure",
    ]
    assert service.pages is not None
    assert service.pages.port == Settings().documents_port
    assert service.kinds_with_timers == ("contract",)


def test_a_restoration_learns_from_the_archive_which_files_must_be_there() -> None:
    """Of its outcomes, those that say a document is stored."""
    made = DocumentStored(contract_number="K-1", document_id="doc-1", sha256="00")
    refused = DocumentNotPrintable(contract_number="K-1", document_id="doc-1")
    keeps = build(Settings()).keeps

    assert keeps is not None
    assert keeps(made) == KeptFile("doc-1", "document doc-1 of contract K-1")
    assert keeps(refused) is None


def test_the_defaults_are_those_of_the_help_page_and_the_domain(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("ACCESS_GRACE_SECONDS", raising=False)

    assert Settings().rules == Rules(
        access_grace=timedelta(seconds=5),
        copy_available_for=timedelta(days=30),
        activation_attempts=5,
        activation_attempts_of_all=20,
    )
    assert Settings().company.phone == "901 200 400"


def test_a_grace_is_kept_to_the_millisecond_as_the_database_keeps_due_times() -> None:
    assert Settings(access_grace_seconds=0.0123456).rules.access_grace == timedelta(milliseconds=12)
