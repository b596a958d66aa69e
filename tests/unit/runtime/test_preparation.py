"""A kind of aggregate has the indexes that its service asks for: every write keeps each of them."""

from __future__ import annotations

import importlib

import pytest

from shared.events.topics import ARCHIVE, CANCELLATION, INTAKE, NOTIFICATION
from shared.runtime.aggregates.preparation import sparse_fields
from shared.runtime.decider import Service

OF_ALL = {"parked.at", "large"}
WORK = {"work_at", "work_since"}


def service_of(name: str) -> Service:
    settings = importlib.import_module(f"services.{name}.settings").Settings()
    service: Service = importlib.import_module(f"services.{name}.service").build(settings)
    return service


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        (
            INTAKE,
            {"inquiry": {"due_at"}, "act": set(), "customer": set(), "attachment": set()},
        ),
        (CANCELLATION, {"file": {"due_at"}}),
        (
            ARCHIVE,
            {"contract": {"due_at", *WORK}, "customer": set(), "attachment": WORK, "erasure": WORK},
        ),
        (
            NOTIFICATION,
            {
                "notification": WORK,
                "summary": {"work_at"},
                "customer": set(),
                "inquiry": set(),
                "contract": set(),
                "contact": set(),
            },
        ),
    ],
)
def test_only_what_has_timers_or_work_is_found_by_them(
    name: str, wanted: dict[str, set[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEVELOPMENT_DEFAULTS", "true")
    found = {it.kind: set(sparse_fields(it)) - OF_ALL for it in service_of(name).deciders}

    assert found == wanted
