"""`desk topics`: what flows through the topics, and how far each service is behind."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Any

from rich.console import Group
from rich.live import Live
from rich.table import Table

from desk.commands.addresses import Where
from desk.commands.console import as_json_line, console, print_json, text
from shared.events.topics import SERVICES
from shared.kafka.broker import broker_at
from shared.kafka.errors import kafka_errors_as_outage
from shared.operations.flow import Flow, flow_at, read_flow
from shared.operations.local_time import local_time
from shared.settings import RuntimeSettings

EVERY_S = 1.0


def show(*, watch: bool, as_json: bool, where: Where) -> None:
    """Show what flows through the topics, and who is behind."""
    settings = where.settings()
    if watch:
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(_watch(settings, as_json=as_json))
        return
    flow = asyncio.run(read_flow(settings))
    if as_json:
        print_json(flow_as_json(flow))
    else:
        console().print(picture(flow))


async def _watch(settings: RuntimeSettings, *, as_json: bool) -> None:
    out = console()
    drawn = out.is_terminal and not as_json
    async with contextlib.aclosing(_flows(settings)) as flows, contextlib.AsyncExitStack() as ended:
        live = ended.enter_context(Live(console=out, auto_refresh=False)) if drawn else None
        async for flow in flows:
            if live is not None:
                live.update(picture(flow), refresh=True)
            else:
                print(as_json_line(flow_as_json(flow)) if as_json else line(flow), flush=True)


async def _flows(settings: RuntimeSettings) -> AsyncGenerator[Flow, None]:
    """The flow, again and again, over one connection. Raises `Outage`."""
    with kafka_errors_as_outage():
        async with broker_at(settings) as broker:
            while True:
                yield await flow_at(broker, settings)
                await asyncio.sleep(EVERY_S)


def line(flow: Flow) -> str:
    """All services on one line: how many records behind, and for how long."""
    told = (f"{service} {_behind(*flow.of(service))}" for service in SERVICES)
    return f"{local_time(flow.at)}  {' · '.join(told)}"


def picture(flow: Flow) -> Group:
    """Topics with their rates, then each service on each of its topics that waits for it."""
    topics = _table("topic", "records", "per second")
    for topic in flow.topics:
        topics.add_row(topic.topic, str(topic.records), f"{topic.per_second:.1f}")
    lags = _table("service", "topic", "behind", "seconds", "oldest")
    for lag in flow.lags:
        style = "bold yellow" if lag.records else "dim"
        age = "–" if lag.seconds is None else f"{lag.seconds:.0f}"
        row = (lag.service, lag.topic, str(lag.records), age, _when(lag.oldest))
        lags.add_row(*(text(cell, style) for cell in row))
    return Group(topics, "", lags)


def flow_as_json(flow: Flow) -> dict[str, Any]:
    """The flow for scripts."""
    return {
        "at": flow.at.isoformat(),
        "topics": [
            {"topic": it.topic, "records": it.records, "per_second": round(it.per_second, 3)}
            for it in flow.topics
        ],
        "lags": [
            {
                "service": it.service,
                "topic": it.topic,
                "records": it.records,
                "seconds": it.seconds,
                "oldest": None if it.oldest is None else it.oldest.isoformat(),
            }
            for it in flow.lags
        ],
    }


def _table(*names: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in names:
        is_number = name in ("records", "per second", "behind", "seconds")
        table.add_column(name, justify="right" if is_number else "left", no_wrap=True)
    return table


def _behind(records: int, seconds: float) -> str:
    return f"{records} ({seconds:.0f} s)"


def _when(at: datetime | None) -> str:
    return "–" if at is None else local_time(at)
