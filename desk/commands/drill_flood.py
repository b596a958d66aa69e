"""One channel that sends far too much: a process that ends with its drill, or with the desk.

Run as `python -m desk.commands.drill_flood DIRECTORY TAG`.
"""

from __future__ import annotations

import asyncio
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from desk.commands.drill_desk import local_desk, sent
from desk.commands.drill_state import under_way
from desk.local.processes import is_up

AT_ONCE = 10
PAUSE_S = 1.0
LONGEST_S = 15 * 60.0
SOURCE = "/channels/fax"


async def flood(directory: Path, tag: str) -> None:
    """The same faulty form again and again: it opens no inquiry, and is answered each time."""
    desk, number, ends = local_desk(directory, {}), 0, time.monotonic() + LONGEST_S
    while _is_wanted(directory, tag) and time.monotonic() < ends:
        await desk.publish(
            *(
                sent(
                    "submission.contract_copy.v1",
                    f"{tag}-{number + further}",
                    SOURCE,
                    customer_id=f"C-{tag}",
                    channel="fax",
                    received_at=datetime.now(UTC).isoformat(),
                )
                for further in range(AT_ONCE)
            )
        )
        number += AT_ONCE
        await asyncio.sleep(PAUSE_S)


def _is_wanted(directory: Path, tag: str) -> bool:
    drill = under_way(directory)
    return drill is not None and drill.tag == tag and is_up(directory)


if __name__ == "__main__":
    asyncio.run(flood(Path(sys.argv[1]), sys.argv[2]))
