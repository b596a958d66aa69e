"""The cost of traces for the five steps: CPU per record, off and on. `make bench BENCH=traces`.

A collector in a process of its own takes them and looks at none; what encodes and sends them is
counted.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from unittest.mock import patch

from bench import stage
from bench.collector import collector

RECORDS, WARM = 2_000, 500
SENDERS = {stage.TRACED_SHARE: "1"}


def ways(endpoint: str) -> Mapping[str, Mapping[str, str]]:
    """By name: the environment of a service."""
    on = {
        "DEVELOPMENT_DEFAULTS": "true",
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
        "OTEL_TRACES_SAMPLER": "parentbased_always_off",
        # More records than a service gets in the time: none is to be dropped uncounted.
        "OTEL_BSP_MAX_QUEUE_SIZE": "100000",
    }
    return {
        "off": {},
        "off, all traced by their senders": SENDERS,
        "on, none sampled": on,
        "on, one in twenty sampled": {**on, stage.TRACED_SHARE: "0.05"},
        "on, all sampled": {**on, **SENDERS},
    }


def measure(rounds: int) -> Mapping[str, Mapping[str, Sequence[float]]]:
    """Microseconds of CPU per record, by service and way; all ways in turn in each round."""
    found: dict[str, dict[str, list[float]]] = {service: {} for service in stage.PARTS}
    with collector() as endpoint:
        for _ in range(rounds):
            for service, of_service in found.items():
                for name, environment in ways(endpoint).items():
                    with patch.dict(os.environ, environment):
                        spent = asyncio.run(stage.PARTS[service](RECORDS, WARM))
                    of_service.setdefault(name, []).append(spent)
    return found
