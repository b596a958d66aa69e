"""docs/metrics.md says what a process shows, all of it and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx2
from prometheus_client import generate_latest

from shared.runtime.health.status import Health
from shared.telemetry.metrics import LABELS, Metrics
from shared.telemetry.page import metrics_page
from shared.web.server import operators_app
from tests.builders.exported import PAGE, documented, exported, with_samples


def test_the_page_is_the_current_one() -> None:
    assert PAGE.read_text("utf-8") == metrics_page(Metrics().documented), "run make docs"


def test_the_page_has_every_metric_with_its_type_and_labels_and_no_other() -> None:
    shown = generate_latest(with_samples(Metrics()).registry).decode()
    assert documented() == exported(shown)


async def test_a_process_that_has_done_nothing_shows_every_metric_of_the_page() -> None:
    app = operators_app(Health("toy", Metrics(), lambda: datetime.now(UTC)))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app)) as client:
        shown = (await client.get("http://toy/metrics/")).text
    found = exported(shown)
    assert {name: it.type for name, it in found.items()} == {
        name: it.type for name, it in documented().items()
    }


def test_every_label_is_explained_and_no_other() -> None:
    used = {label for it in Metrics().documented for label in it.labels}
    assert used == set(LABELS)


def test_no_label_can_hold_what_names_a_person_or_a_record() -> None:
    """Ids have no closed set of values; a new label is added here with a reason why it has."""
    closed = {"dependency", "fate", "kind", "outcome", "page", "partition", "policy", "reason"}
    assert set(LABELS) == closed | {"status", "step", "topic", "type"}
