"""Checks of the broker: does it answer, are the topics there, lag, and dead letters."""

from __future__ import annotations

from collections import Counter

from shared.events.topics import CATALOGUE, DEAD_LETTERS, SERVICES
from shared.kafka.broker import Broker, broker_at
from shared.kafka.errors import KafkaError
from shared.operations.audit_trail import OPERATIONS
from shared.operations.checks.rejections import rejection_check
from shared.operations.checks.result import Check, Remedy, Severity, fail, ok, warn
from shared.operations.checks.topics import keeping_checks
from shared.operations.dead_letters.open_letters import OpenLetters, open_letters
from shared.operations.lag import Lag, lag_of
from shared.operations.refusals import is_refusal
from shared.outage import Outage
from shared.settings import RuntimeSettings

REQUEST_TIMEOUT_MS = 5_000
LAG_NOTED = 1_000
"""Records behind: fewer are a moment's work."""


async def kafka_checks(settings: RuntimeSettings, *, embedded: bool = False) -> list[Check]:
    """The broker first; the rest only if it answers.

    `embedded`: it is the one process that a desk on one machine runs. Raises nothing for a broker
    that does not answer or refuses: that is the finding.
    """
    try:
        async with broker_at(settings, timeout_ms=REQUEST_TIMEOUT_MS) as broker:
            present = await broker.topics()
            topics = [await topic_check(broker, present)]
            if topics[0].verdict is not Severity.FAIL:
                topics += await keeping_checks(broker, embedded=embedded)
            lags = [await lag_of(name, broker, settings, present) for name in SERVICES]
            letters = await dead_letter_check(settings, present)
            refused = await rejection_check(settings)
    except (KafkaError, OSError, Outage) as error:
        if is_refusal(error) or is_refusal(error.__cause__):
            found = f"it refuses this user ({type(error.__cause__ or error).__name__})"
            return [fail("broker", found, Remedy.GRANT_ON_BROKER)]
        found = f"no answer from {settings.kafka_bootstrap_servers} ({type(error).__name__})"
        return [fail("broker", found, Remedy.REACH_BROKER)]
    return [
        ok("broker", f"{settings.kafka_bootstrap_servers} answers"),
        *topics,
        *map(lag_check, lags),
        letters,
        refused,
    ]


async def topic_check(broker: Broker, present: set[str]) -> Check:
    """Whether the catalogue's topics are there, each with at least its partitions."""
    missing = [topic.name for topic in CATALOGUE if topic.name not in present]
    if missing:
        return fail("topics", f"missing: {', '.join(missing)}", Remedy.START_SERVICES)
    found = await broker.replicas(topic.name for topic in CATALOGUE)
    wrong = [
        f"{topic.name} has {len(found.get(topic.name, ()))} partitions, not {topic.partitions}"
        for topic in CATALOGUE
        if len(found.get(topic.name, ())) != topic.partitions
    ]
    if wrong:
        return warn("topics", "; ".join(wrong), Remedy.KEEP_PARTITIONS)
    return ok("topics", f"all {len(CATALOGUE)} there, partitions as in the catalogue")


def lag_check(lag: Lag) -> Check:
    """Whether the service's consumer group keeps up with its topics."""
    name = f"lag {lag.service}"
    if not lag.records:
        return ok(name, f"group {lag.group} has read everything")
    worst = ", ".join(f"{topic} {count}" for topic, count in lag.behind.most_common(2) if count)
    found = f"group {lag.group} is {lag.records} records behind ({worst})"
    return ok(name, found) if lag.records < LAG_NOTED else warn(name, found, Remedy.WAIT_FOR_LAG)


async def dead_letter_check(settings: RuntimeSettings, present: set[str]) -> Check:
    """How many letters nobody has dealt with yet, by service and reason."""
    if not {DEAD_LETTERS, OPERATIONS} <= present:
        return ok("dead letters", "none")
    return found_letters_check(await open_letters(settings))


def found_letters_check(found: OpenLetters) -> Check:
    """Counts the open ones of the newest letters; of the others nothing is known."""
    name, count = "dead letters", len(found.letters)
    if not count and found.at_least:
        newest = f"none of the newest {found.handled} open; older ones were not looked at"
        return ok(name, newest)
    if not count:
        return ok(name, f"none open, {found.handled} dealt with" if found.handled else "none")
    reasons = Counter(
        f"{letter.reason or 'unknown'} in {letter.service or 'unknown'}" for letter in found.letters
    )
    told = ", ".join(f"{number} {reason}" for reason, number in reasons.most_common())
    counted = f"at least {count}" if found.at_least else f"{count}"
    return warn(name, f"{counted} ({told})", Remedy.HANDLE_LETTERS)
