"""Every row of the demo's scenario, on a desk whose broker is Apache Kafka."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex

import pytest

from desk.demo.outside import World
from desk.demo.play import Play
from desk.demo.received_mail import Mailbox
from desk.demo.scenario import OVERRIDES, scenario
from desk.demo.verdict import judge
from desk.demo.watch import outside
from tests.builders.clients import settings_at
from tests.infra import Given, desk_on


async def test_the_whole_scenario_comes_out_right(given: Given, tmp_path: Path) -> None:
    if given.kafka is None:
        pytest.skip("`desk demo` has its own test; run this with: make test-kafka")
    said: list[str] = []
    async with desk_on(given, tmp_path / "desk", overrides=OVERRIDES, say=said.append) as desk:
        assert desk.endpoints.mailbox is not None
        async with outside(settings_at(given.kafka)) as wire:
            cases = scenario(World(token_hex(2), datetime.now(UTC)))
            evidence = await Play(cases, wire, Mailbox(desk.endpoints.mailbox)).perform()
    verdict = judge(cases, evidence)
    assert (verdict.wrong, verdict.faults, said) == ((), (), [])
    assert verdict.exit_code == 0
