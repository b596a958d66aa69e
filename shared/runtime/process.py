"""How a service's process runs and ends, and how it collects garbage."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import sys
from collections.abc import Coroutine, Iterator
from typing import Any

import structlog
import uvloop

from shared.kafka.errors import ProducerDead
from shared.outage import Forbidden, Outage

log: structlog.stdlib.BoundLogger = structlog.get_logger()

GC_THRESHOLDS = (200_000, 20, 20)
"""The youngest generation has room for all that one record of 256 KiB can hold: 131,072 lists.

They end with their record; a collection among them costs as much as parsing them did.
"""


def end_process(code: int = os.EX_SOFTWARE) -> None:
    """End at once, uncommitted: the supervisor starts a new process, which continues from there."""
    sys.stderr.flush()
    os._exit(code)


def end_with_producer(error: ProducerDead) -> None:
    """End because no event can be published from this process any more."""
    log.critical("the producer is dead; start this service again", why=str(error))
    end_process()


def collect_seldom() -> None:
    """A batch or a page is thousands of objects without cycles, and all of them end with it.

    The default looks through them hundreds of times a second: a quarter of a service's CPU time,
    and a tenth of a web application's.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)


def run_until_signalled(main: Coroutine[Any, Any, None]) -> None:
    """Run `main`, whose web server ends it on SIGTERM or SIGINT; the process then ends with 0."""
    # The web server stops on these signals and then raises them again; by then all is done.
    signal.signal(signal.SIGTERM, lambda *_: None)
    signal.signal(signal.SIGINT, lambda *_: None)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main)


@contextlib.contextmanager
def outages_end_process() -> Iterator[None]:
    """Turns an outage in a command into a sentence and an exit code other than a refusal's."""
    try:
        yield
    except Outage as outage:
        sys.stderr.write(f"error: {outage}\n")
        sys.exit(os.EX_NOPERM if isinstance(outage, Forbidden) else os.EX_UNAVAILABLE)
