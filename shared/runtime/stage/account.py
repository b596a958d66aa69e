"""Account: what became of a batch, in the metrics and in one line of the log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import structlog

from shared.runtime.codec import Envelope, Record
from shared.runtime.dead_letters import DeadLetter
from shared.runtime.stage.batch import Batch
from shared.telemetry.metrics import Metrics

log: structlog.stdlib.BoundLogger = structlog.get_logger()


def account(
    metrics: Metrics,
    records: Sequence[Record],
    batches: Sequence[Batch],
    steps: Mapping[str, float],
) -> None:
    """`steps` are the seconds that each of the five took."""
    outgoing = [item for batch in batches for item in batch.outgoing]
    fates = sum((batch.fates for batch in batches), Counter[str]())
    dead = [item for item in outgoing if isinstance(item, DeadLetter)]
    events = Counter(item.type for item in outgoing if isinstance(item, Envelope))
    fates["dead"] = len(dead)
    metrics.batch.observe(len(records))
    for fate, count in fates.items():
        metrics.records.labels(fate).inc(count)
    for ce_type, count in events.items():
        metrics.events.labels(ce_type).inc(count)
    for (ce_type, policy), count in _decisions(batches).items():
        metrics.decisions.labels(ce_type, policy).inc(count)
    for ref, ce_type in (alarm for batch in batches for alarm in batch.alarms):
        metrics.alarms.labels(ce_type).inc()
        log.warning("alarm", type=ce_type, kind=ref.kind, id=ref.id)
    for letter in dead:
        metrics.dead_letters.labels(letter.reason.value).inc()
        log.warning(
            "dead letter",
            reason=letter.reason.value,
            error=letter.error,
            topic=letter.record.topic,
            partition=letter.record.partition,
            offset=letter.record.offset,
        )
    log.info(
        "batch",
        topics=sorted({record.topic for record in records}),
        records=len(records),
        events=events.total(),
        **fates,
        **{f"{step}_ms": round(seconds * 1000, 1) for step, seconds in steps.items()},
    )


def _decisions(batches: Sequence[Batch]) -> Counter[tuple[str, str]]:
    return sum((batch.decisions for batch in batches), Counter[tuple[str, str]]())
