"""The services of a running desk export the metrics that docs/metrics.md lists, and no others."""

from __future__ import annotations

import asyncio
import urllib.request

from desk.local.supervisor import Desk
from tests.builders.exported import documented, exported


def shown(url: str) -> str:
    with urllib.request.urlopen(url, timeout=30) as answer:
        text: str = answer.read().decode()
        return text


async def test_every_service_shows_the_metrics_of_the_page_with_its_labels(
    running_desk: Desk,
) -> None:
    page = documented()
    for name, service in running_desk.services.items():
        found = exported(await asyncio.to_thread(shown, service.metrics_url))
        assert found.keys() == page.keys(), name
        for metric, it in found.items():
            assert it.type == page[metric].type, (name, metric)
            assert it.labels in (frozenset(), page[metric].labels), (name, metric)
