"""The description of `/api/v1`: valid, and in the repository as the code makes it."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest
from openapi_spec_validator import validate

from services.customer_portal.api.openapi import EXAMPLE_URL, document
from services.customer_portal.api.routes import ENDPOINTS, description
from shared.events.submissions import Submission
from shared.events.topics import TOPICS

FILE = Path(__file__).parents[2] / "docs/openapi.json"


def test_the_description_is_valid() -> None:
    validate(document(EXAMPLE_URL, ENDPOINTS))


def test_the_file_in_docs_is_the_current_one() -> None:
    assert FILE.read_text("utf-8") == description(EXAMPLE_URL), "run make docs"


@pytest.mark.parametrize("changes", [{}, {"type": "submission.everything.v1"}])
def test_a_structured_event_is_described_with_its_data(changes: dict[str, str]) -> None:
    described = document(EXAMPLE_URL, ENDPOINTS)
    content = described["paths"]["/submissions"]["post"]["requestBody"]["content"]
    schema = content["application/cloudevents+json"]["schema"] | {
        "components": described["components"]
    }
    event = {
        "specversion": "1.0",
        "id": "1",
        "source": "/channels/partners/acme",
        "type": "submission.follow_up.v1",
        "data": {
            "customer_id": "C-1",
            "channel": "partner",
            "received_at": "2026-11-27T10:00:00Z",
            "inquiry_id": "INQ-1",
        },
    }
    found = list(jsonschema.Draft202012Validator(schema).iter_errors(event | changes))
    assert bool(found) == bool(changes)


def test_every_type_of_submission_can_be_sent() -> None:
    described = document(EXAMPLE_URL, ENDPOINTS)
    content = described["paths"]["/submissions"]["post"]["requestBody"]["content"]
    events = content["application/cloudevents+json"]["schema"]["oneOf"]
    told = {it["properties"]["type"]["const"] for it in events}
    submissions = [it for it in TOPICS["desk.submissions"].events if issubclass(it, Submission)]
    assert told == {it.ce_type for it in submissions}
