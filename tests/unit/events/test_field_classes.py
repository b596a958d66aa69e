"""Operators see the facts of an event; personal, free or unclassified fields are hidden."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events.envelope import Event
from shared.events.field_classes import (
    _BY_NAME,
    _BY_OWNER,
    HIDDEN,
    class_of,
    fields_of,
    masked,
)
from shared.events.topics import EVENT_TYPES

PERSON = "Cliente de Prueba <cliente@example.test>"


@pytest.mark.parametrize("event", EVENT_TYPES.values(), ids=lambda event: event.ce_type)
def test_every_field_of_every_event_is_classified(event: type[Event]) -> None:
    missing = [
        f"{owner.__name__}.{name}"
        for owner, name, nested in fields_of(event)
        if nested is None and class_of(owner.__name__, name) is None
    ]

    assert missing == []


def test_every_class_is_of_a_field_that_there_is() -> None:
    there = {
        (owner.__name__, name)
        for event in EVENT_TYPES.values()
        for owner, name, _ in fields_of(event)
    }

    assert set(_BY_NAME) - {name for _, name in there} == set()
    assert set(_BY_OWNER) - {f"{owner}.{name}" for owner, name in there} == set()


@pytest.mark.parametrize(
    ("ce_type", "data", "seen"),
    [
        (
            "submission.cancellation.v1",
            {
                "customer_id": "C-1",
                "contract_numbers": ["K-1", "K/2"],
                "contact": {"name": PERSON, "email": "cliente@example.test", "phone": None},
                "destruction_confirmed": True,
                "comment": PERSON,
            },
            {
                "customer_id": "C-1",
                "contract_numbers": ["K-1", "K/2"],
                "contact": {"name": HIDDEN, "email": HIDDEN, "phone": None},
                "destruction_confirmed": True,
                "comment": HIDDEN,
            },
        ),
        (
            "inquiry.opened.v1",
            {"details": [{"field": "contact.email", "value": PERSON}], "subject": PERSON},
            {"details": [{"field": "contact.email", "value": HIDDEN}], "subject": HIDDEN},
        ),
        (
            "cancellation.expired.v1",
            {"explanation": {"es": "Porque sí.", "en": "Because."}, "due_on": "2026-11-26"},
            {"explanation": {"es": "Porque sí.", "en": "Because."}, "due_on": "2026-11-26"},
        ),
        (
            "cancellation.refused.v1",
            {"explanation": {"es": PERSON, "en": PERSON}, "reason": PERSON},
            {"explanation": HIDDEN, "reason": HIDDEN},
        ),
        (
            "dead_letter.edited.v1",
            {"reason": "defect", "why": "wrong field", "message_id": "/channels/web a-1"},
            {"reason": "defect", "why": "wrong field", "message_id": "/channels/web a-1"},
        ),
        ("contract.copy_ready.v1", {"link": "https://x.test/1"}, {"link": HIDDEN}),
        ("no.such.v9", {"customer_id": "C-1"}, {"customer_id": HIDDEN}),
        ("contract.activated.v1", {"newer": "x", PERSON: 1}, {"newer": HIDDEN, HIDDEN: HIDDEN}),
        ("contract.activated.v1", {"customer_id": PERSON}, {"customer_id": HIDDEN}),
        ("inquiry.opened.v1", {"contact": PERSON, "details": {"x": 1}}, None),
    ],
)
def test_what_is_personal_free_or_unknown_is_hidden_and_facts_are_shown(
    ce_type: str, data: dict[str, Any], seen: dict[str, Any] | None
) -> None:
    shown = masked(ce_type, data)

    assert PERSON not in json.dumps(shown)
    assert seen is None or shown == seen


HOSTILE = st.recursive(
    st.just(PERSON),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.just(PERSON), inner, max_size=1),
    max_leaves=4,
)


@given(ce_type=st.sampled_from([*EVENT_TYPES]), hostile=HOSTILE)
def test_an_outsider_cannot_have_a_sentence_shown_where_a_fact_belongs(
    ce_type: str, hostile: Any
) -> None:
    """Whatever a sender writes into the fields of facts; sentences are the desk's own topics'."""
    facts = {
        name: hostile
        for name in EVENT_TYPES[ce_type].model_fields
        if class_of(EVENT_TYPES[ce_type].__name__, name) not in ("words", "goods")
    }

    assert PERSON not in json.dumps(masked(ce_type, facts))
