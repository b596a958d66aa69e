"""Intake with a producer that miscounts when told to: the broker refuses it from then on for good.

`python -m tests.integration.runtime.wrong_sequence`; the order is a file named by MISCOUNT_ORDER.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from services.inquiry_intake.__main__ import main
from shared.kafka.publisher import KafkaPublisher
from shared.runtime import wiring

ORDER = "MISCOUNT_ORDER"


class MiscountingPublisher(KafkaPublisher):
    """Skips sequence numbers of every partition it has written to, once for each order."""

    async def publish(self, outgoing: Sequence[Any]) -> None:
        order = Path(os.environ[ORDER])
        if outgoing and order.exists():
            order.unlink()
            counts = self._producer._txn_manager
            for partition in list(counts._sequence_numbers):
                counts.increment_sequence_number(partition, 1_000)
        await super().publish(outgoing)


if __name__ == "__main__":
    wiring.KafkaPublisher = MiscountingPublisher  # type: ignore[attr-defined]
    main()
