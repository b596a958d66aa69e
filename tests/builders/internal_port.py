"""An internal port that needs neither broker nor database, and the credential it asks for."""

from __future__ import annotations

from datetime import UTC, datetime

from pydantic import SecretStr

from services.cancellation.service import build
from services.cancellation.settings import Settings
from shared.mongo.client import Database, connect
from shared.runtime.aggregates.store import Store
from shared.runtime.operations.port import Port

CREDENTIAL = "a-credential-for-tests"
NOW = datetime(2027, 3, 1, 9, tzinfo=UTC)


def port_of_nothing() -> Port:
    """A port whose database nobody serves: what is asked here never gets as far."""
    settings = Settings(internal_credential=SecretStr(CREDENTIAL))
    service = build(settings)
    database = Database(connect("mongodb://127.0.0.1:1/", timeout_ms=200), "desk_test")
    return Port(service, settings, database, Store(database, service.deciders), lambda: NOW)
