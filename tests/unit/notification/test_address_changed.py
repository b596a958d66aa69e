"""A change of the registered address is told to the old one."""

from __future__ import annotations

import pytest

from services.notification.mail.recipients import Recipient
from shared.events.envelope import Event
from shared.events.values import Contact, Language
from tests.builders.notification import (
    PROFILE_EMAIL,
    REFERENCE,
    Notifications,
    authorised,
    consent_withdrawn,
    opened,
    profile_updated,
    registered,
    scheduled,
)

NEW = "nuevo.correo@example.test"
CHANGED = registered(email=NEW)
UPDATED = profile_updated(email=NEW)


def told(world: Notifications) -> list[str]:
    return [
        world.addressed(state).address
        for state in world.notifications
        if state.template == "customer_address_changed"
    ]


@pytest.mark.parametrize("changed", [CHANGED, UPDATED], ids=["registration", "update"])
def test_a_change_of_address_is_told_to_the_old_one(changed: Event) -> None:
    world = Notifications(registered(), changed)

    assert told(world) == [PROFILE_EMAIL]
    assert world.addressed() == Recipient(None, PROFILE_EMAIL)


@pytest.mark.parametrize(
    "events",
    [
        [registered()],
        [registered(), registered(name="Otro nombre")],
        [registered(), registered(email=PROFILE_EMAIL.upper())],
        [registered(), authorised()],
        [registered(), profile_updated(name="Otro nombre")],
        [registered(), consent_withdrawn()],
    ],
    ids=["first", "another name", "other capitals", "access", "updated name", "consent"],
)
def test_without_a_change_of_address_nobody_is_told(events: list[Event]) -> None:
    assert told(Notifications(*events)) == []


def test_each_change_is_told_once_to_the_address_before_it() -> None:
    world = Notifications(registered())
    changes = [("c1", CHANGED), ("c1", CHANGED), ("c2", registered(email="tercero@example.test"))]
    for identity, event in changes:
        world.receive(event, identity)

    assert told(world) == [PROFILE_EMAIL, NEW]


@pytest.mark.parametrize("language", list(Language))
def test_the_old_address_learns_how_to_object_and_not_the_new_address(language: Language) -> None:
    world = Notifications(registered(), CHANGED)
    (state,) = [s for s in world.notifications if s.template == "customer_address_changed"]

    rendered = world.rendered(language, state)

    assert "901 200 400" in rendered.text
    assert "nuevo" not in rendered.text + rendered.html
    assert "example.test" not in rendered.text + rendered.html


def test_the_history_of_changes_adds_up_to_the_state() -> None:
    world = Notifications(registered(), CHANGED, authorised(email=NEW))

    assert world.refolded == world.states


def test_where_the_old_address_takes_no_mail_nobody_else_is_told() -> None:
    world = Notifications(registered(email="sin-arroba"), CHANGED)

    assert told(world) == []


def test_an_update_is_confirmed_to_the_new_address_under_its_own_reference() -> None:
    world = Notifications(opened(), registered(), UPDATED)
    (state,) = [s for s in world.notifications if s.template == "customer_profile_updated"]

    assert world.addressed(state).address == NEW
    assert REFERENCE in world.rendered(Language.ES, state).subject


def test_after_a_withdrawn_consent_a_cancellation_s_mails_continue() -> None:
    world = Notifications(opened(contact=Contact()), registered(), consent_withdrawn(), scheduled())
    (state,) = [s for s in world.notifications if s.template == "cancellation_scheduled"]

    assert world.addressed(state).address == PROFILE_EMAIL


@pytest.mark.parametrize(
    ("language", "purpose"),
    [
        (Language.ES, "Transferir sus datos al extranjero"),
        (Language.EN, "Transfer your data abroad"),
    ],
)
def test_a_withdrawn_consent_is_confirmed_with_its_name_and_its_consequence(
    language: Language, purpose: str
) -> None:
    world = Notifications(opened(), registered(), consent_withdrawn())
    (state,) = [s for s in world.notifications if s.template == "customer_consent_withdrawn"]

    text = world.rendered(language, state).text

    assert purpose in text
    assert "online" in text
