"""What `desk doctor` looks at on the broker: topics, lag and dead letters."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, suppress

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError, TopicAuthorizationFailedError

from shared.events.topics import CATALOGUE, DEAD_LETTERS, SERVICES, topics_read_by
from shared.kafka.client_options import client_options, consumer_options
from shared.kafka.consumer import EndingConsumer
from shared.operations.audit_trail import OPERATIONS, read_audit_trail
from shared.operations.checks.result import Check, Verdict, fail, ok, warn
from shared.operations.checks.topics import keeping_checks
from shared.operations.dead_letters.topic import briefs
from shared.operations.refusals import is_refusal
from shared.runtime.faults import Outage
from shared.settings import RuntimeSettings

REQUEST_TIMEOUT_MS = 5_000
LAG_NOTED = 1_000
"""Records behind: fewer are a moment's work."""
READ_WITHIN_S = 5.0
POLL_MS = 200
ONE_FETCH_BYTES = 64 * 1024
"""Of a backlog, its first record is all that is looked at."""
LETTERS_READ = 10_000
"""The newest dead letters of each partition that are looked at."""


async def kafka_checks(settings: RuntimeSettings, *, embedded: bool = False) -> list[Check]:
    """The broker first; the rest only if it answers. `embedded`: it is the one of `desk up`."""
    soon = {"request_timeout_ms": REQUEST_TIMEOUT_MS}
    admin = AIOKafkaAdminClient(**client_options(settings), **soon)
    try:
        async with AsyncExitStack() as until_done:
            until_done.push_async_callback(admin.close)
            await admin.start()
            present = set(await admin.list_topics())
            consumer = EndingConsumer(
                **consumer_options(settings),
                **soon,
                group_id=None,
                enable_auto_commit=False,
                max_partition_fetch_bytes=ONE_FETCH_BYTES,
            )
            until_done.push_async_callback(consumer.stop)
            await consumer.start()
            topics = [await topic_check(admin, present)]
            if topics[0].verdict is not Verdict.FAIL:
                topics += await keeping_checks(admin, embedded=embedded)
            lags = [await lag_check(admin, consumer, name, settings, present) for name in SERVICES]
            letters = await dead_letter_check(settings, present)
    except (KafkaError, OSError, Outage) as error:
        if is_refusal(error) or is_refusal(error.__cause__):
            found = f"it refuses this user ({type(error.__cause__ or error).__name__})"
            advice = "give the user in KAFKA_USERNAME that right; `desk acl kafka` says which"
            return [fail("broker", found, advice)]
        found = f"no answer from {settings.kafka_bootstrap_servers} ({type(error).__name__})"
        advice = "start it (`desk up`), or set KAFKA_BOOTSTRAP_SERVERS right"
        return [fail("broker", found, advice)]
    return [ok("broker", f"{settings.kafka_bootstrap_servers} answers"), *topics, *lags, letters]


async def topic_check(admin: AIOKafkaAdminClient, present: set[str]) -> Check:
    """Whether the catalogue's topics are there, each with at least its partitions."""
    missing = [topic.name for topic in CATALOGUE if topic.name not in present]
    if missing:
        advice = "start the services: they create the topics"
        return fail("topics", f"missing: {', '.join(missing)}", advice)
    described = await admin.describe_topics([topic.name for topic in CATALOGUE])
    counts = {topic["topic"]: len(topic["partitions"]) for topic in described}
    wrong = [
        f"{topic.name} has {counts.get(topic.name, 0)} partitions, not {topic.partitions}"
        for topic in CATALOGUE
        if counts.get(topic.name) != topic.partitions
    ]
    if wrong:
        advice = "all right if you meant it; never change the number while records are unread"
        return warn("topics", "; ".join(wrong), advice)
    return ok("topics", f"all {len(CATALOGUE)} there, partitions as in the catalogue")


async def lag_check(
    admin: AIOKafkaAdminClient,
    consumer: AIOKafkaConsumer,
    service: str,
    settings: RuntimeSettings,
    present: set[str],
) -> Check:
    """How far the service's consumer group is behind the ends of its topics."""
    group = settings.group_of(service)
    name = f"lag {service}"
    partitions = await _partitions(
        admin, [topic for topic in topics_read_by(service) if topic in present]
    )
    committed = await admin.list_consumer_group_offsets(group)
    begins = await consumer.beginning_offsets(partitions)
    ends = await consumer.end_offsets(partitions)
    done = {
        one: max(committed[one].offset if one in committed else 0, begins[one])
        for one in partitions
    }
    behind: Counter[str] = Counter()
    for partition, offset in (await first_readable(consumer, done, ends)).items():
        behind[partition.topic] += ends[partition] - offset
    total = behind.total()
    if not total:
        return ok(name, f"group {group} has read everything")
    worst = ", ".join(f"{topic} {lag}" for topic, lag in behind.most_common(2) if lag)
    if total < LAG_NOTED:
        return ok(name, f"group {group} is {total} records behind ({worst})")
    advice = "look again in a minute: if it does not shrink, read the service's log and health"
    return warn(name, f"group {group} is {total} records behind ({worst})", advice)


async def first_readable(
    consumer: AIOKafkaConsumer,
    begins: Mapping[TopicPartition, int],
    ends: Mapping[TopicPartition, int],
) -> dict[TopicPartition, int]:
    """The offset of the first record between `begins` and `ends`, for each partition with one.

    Markers and rolled-back records of transactions take offsets too, but nobody is given them. A
    partition that may not be read, or does not answer in time, counts from where it begins.
    """
    unknown = {one: offset for one, offset in begins.items() if offset < ends[one]}
    if not unknown:
        return {}
    consumer.assign(list(unknown))
    for partition, offset in unknown.items():
        consumer.seek(partition, offset)
    found: dict[TopicPartition, int] = {}
    with suppress(TimeoutError, TopicAuthorizationFailedError):
        async with asyncio.timeout(READ_WITHIN_S):
            while unknown:
                records = await consumer.getmany(*unknown, timeout_ms=POLL_MS, max_records=1)
                found |= {one: some[0].offset for one, some in records.items()}
                for partition in list(unknown):
                    if partition in found or await consumer.position(partition) >= ends[partition]:
                        del unknown[partition]
                        consumer.pause(partition)
    return unknown | {one: offset for one, offset in found.items() if offset < ends[one]}


async def dead_letter_check(settings: RuntimeSettings, present: set[str]) -> Check:
    """How many letters nobody has dealt with yet, by service and reason."""
    if not {DEAD_LETTERS, OPERATIONS} <= present:
        return ok("dead letters", "none")
    letters = await briefs(settings, newest=LETTERS_READ)
    still = (await read_audit_trail(settings)).open(letters) if letters else []
    if not still:
        return ok("dead letters", f"none open, {len(letters)} dealt with" if letters else "none")
    reasons = Counter(f"{one.reason or 'unknown'} in {one.service or 'unknown'}" for one in still)
    told = ", ".join(f"{count} {reason}" for reason, count in reasons.most_common())
    advice = "`desk dead-letters list` names them; docs/runbook.md says what each reason asks for"
    return warn("dead letters", f"{len(still)} ({told})", advice)


async def _partitions(admin: AIOKafkaAdminClient, topics: Sequence[str]) -> list[TopicPartition]:
    described = await admin.describe_topics(list(topics))
    return [
        TopicPartition(topic["topic"], partition["partition"])
        for topic in described
        for partition in topic["partitions"]
    ]
