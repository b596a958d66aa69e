"""A decision that operations should look at is counted and logged."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

from structlog.testing import capture_logs

from desk.local.stack import Endpoints
from shared.events.contracts import ContractActivated
from shared.runtime.app import wire
from shared.runtime.stage.stage import Stage
from tests.integration.runtime.test_timers import Bench, Committed, Published, waits
from tests.integration.runtime.wire import settings_for


async def test_an_event_that_its_decider_names_as_an_alarm_is_counted_and_logged(
    endpoints: Endpoints,
) -> None:
    name = f"K-{uuid4().hex[:8]}"
    service = waits(name)
    alarming = replace(service.deciders[0], alarms=(ContractActivated,))
    service = replace(service, deciders=(alarming,))
    runtime = wire(service, settings_for(endpoints, name))
    metrics = runtime.health.metrics
    stage = Stage(service, runtime.store, Published(), Committed(), metrics)

    with capture_logs() as logged:
        await stage.process([Bench(name, runtime).registered("r-1")])

    told = [one for one in logged if one["event"] == "alarm"]
    assert [(one["type"], one["id"]) for one in told] == [(ContractActivated.ce_type, name)]
    count = metrics.registry.get_sample_value(
        "desk_alarms_total", {"type": ContractActivated.ce_type}
    )
    assert count == 1
    await runtime.publisher.stop()
    runtime.client.close()
