"""Every row of the demo's scenario, on a desk whose broker is Apache Kafka."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex

import pytest

from desk.demo.letters import Mailbox
from desk.demo.outside import World
from desk.demo.play import Play
from desk.demo.scenario import OVERRIDES, scenario
from desk.demo.verdict import judge
from desk.demo.watch import outside
from desk.ops.supervisor import desk_up


async def test_the_whole_scenario_comes_out_right(own_kafka: str | None, tmp_path: Path) -> None:
    if own_kafka is None:
        pytest.skip("`desk demo` has its own test; run this with: make test-kafka")
    said: list[str] = []
    async with desk_up(
        tmp_path / "desk", kafka=own_kafka, overrides=OVERRIDES, say=said.append
    ) as desk:
        assert desk.endpoints.mailbox is not None
        async with outside(own_kafka) as wire:
            cases = scenario(World(token_hex(2), datetime.now(UTC)))
            evidence = await Play(cases, wire, Mailbox(desk.endpoints.mailbox)).perform()
    verdict = judge(cases, evidence)
    assert (verdict.wrong, verdict.faults, said) == ((), (), [])
    assert verdict.exit_code == 0
