"""The services read and continue the demo's databases as release 0.1.0 left them.

`records_of_0_1_0.json.gz` maps `<database>.<collection>` to its documents (MongoDB extended JSON).
"""

from __future__ import annotations

import gzip
import importlib
from pathlib import Path
from typing import Any

import pytest
from bson import json_util

from shared.mongo.client import Database, Document, connect
from shared.runtime.aggregates.store import Store
from shared.runtime.decider import Decider, Service
from shared.runtime.verification import faults_of
from shared.settings import RuntimeSettings

STORED = Path(__file__).with_name("records_of_0_1_0.json.gz")
SERVICES = ("inquiry_intake", "cancellation", "contract_archive", "notification")


def records() -> dict[str, list[Document]]:
    found: dict[str, list[Document]] = json_util.loads(
        gzip.decompress(STORED.read_bytes()), json_options=json_util.JSONOptions(tz_aware=True)
    )
    return found


def service_of(name: str) -> tuple[Service, RuntimeSettings]:
    settings: RuntimeSettings = importlib.import_module(f"services.{name}.settings").Settings()
    return importlib.import_module(f"services.{name}.service").build(settings), settings


def documents_of(name: str, decider: Decider[Any]) -> list[Document]:
    return records().get(f"desk_{name}.{decider.kind}", [])


@pytest.mark.parametrize("name", SERVICES)
async def test_every_record_still_follows_from_its_history(name: str) -> None:
    service, settings = service_of(name)
    client = connect(settings.mongo_url)  # connects on first use; folding uses none
    store = Store(Database(client, "unused"), service.deciders)
    stored = [
        (decider, document)
        for decider in service.deciders
        for document in documents_of(name, decider)
    ]
    found = {
        document["_id"]: [*faults_of(store, d, document, document["history"])]
        for d, document in stored
    }
    client.close()
    assert stored
    assert not any(found.values()), {key: faults for key, faults in found.items() if faults}


WITHOUT_TIMERS = ("inquiry",)
"""Kinds that the previous release woke by no timer: they are due once they are written again."""


@pytest.mark.parametrize("name", SERVICES)
def test_every_timer_and_every_side_effect_is_due_when_it_was(name: str) -> None:
    service, _ = service_of(name)
    for decider in service.deciders:
        for document in documents_of(name, decider):
            if document.get("state") is None or "lease" in document:
                continue
            state = decider.state.model_validate(document["state"])
            if decider.kind in WITHOUT_TIMERS:
                assert "due_at" not in document
            else:
                assert decider.due_at(state) == document.get("due_at"), document["_id"]
