"""Cases that users of other systems reported: what to send, and what the desk must answer.

Each file of `reported_cases/` holds the records (`steps`, in phases), the events that must follow
(`then`) and those that must not (`never`). `{{T+n}}` is today plus n days in Europe/Madrid, where
today begins at 03:00: some cases are received at 02:00, and nothing is received in the future.
`{{RUN}}` is a word of this run.
"""

from __future__ import annotations

import asyncio
import base64
import email
import email.policy
import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from shared.events.values import madrid_date
from tests.builders import clients

DIRECTORY = Path(__file__).parent / "reported_cases"
CASES = tuple(sorted(path.stem for path in DIRECTORY.glob("*.json")))
ANSWERS = (
    "desk.rejections",
    "desk.inquiries",
    "desk.cancellations",
    "desk.contracts",
    "desk.customers",
    "desk.dead-letters",
)
DEAD_LETTER = "dead letter"
TODAY_BEGINS = timedelta(hours=3)
QUIET_SECONDS = 2.0
SETTLED_WITHIN_SECONDS = 60.0


@dataclass(frozen=True)
class Run:
    """The values of `{{RUN}}` and the dates."""

    word: str

    def filled(self, text: str) -> str:
        text = text.replace("{{RUN}}", self.word).replace("{{run}}", self.word.lower())
        today = madrid_date(datetime.now(UTC) - TODAY_BEGINS)
        return re.sub(
            r"\{\{T([+-]\d+)\}\}",
            lambda found: (today + timedelta(days=int(found[1]))).isoformat(),
            text,
        )

    def case(self, name: str) -> dict[str, Any]:
        filled: dict[str, Any] = json.loads(self.filled((DIRECTORY / f"{name}.json").read_text()))
        return filled

    def raw(self, value: Any) -> bytes | None:
        """The bytes that a step's header or value stands for."""
        match value:
            case None:
                return None
            case {"b64": text}:
                return base64.b64decode(text)
            case {"bom": body}:
                return b"\xef\xbb\xbf" + json.dumps(body, ensure_ascii=False).encode()
            case str():
                return value.encode()
        return json.dumps(value, ensure_ascii=False).encode()


@dataclass(frozen=True)
class Answer:
    """One record that the desk published."""

    topic: str
    type: str
    data: Mapping[str, Any]
    headers: Mapping[str, str]
    text: str


@dataclass
class Answers:
    """Everything that the desk published during this run."""

    run: Run
    found: list[Answer] = field(default_factory=list)

    def to(self, name: str) -> list[Answer]:
        """The answers about one case: its contract, its customer, its submissions or acts."""
        mine = re.compile(rf"{self.run.word}-{name}(?![a-z0-9_])|\b{name}-\w+")
        return [answer for answer in self.found if mine.search(answer.text)]


async def send_all(
    bootstrap: str, names: Sequence[str], run: Run, *, quiet: float = QUIET_SECONDS
) -> Answers:
    """Send every case's records, phase by phase, and collect what the desk publishes."""
    answers = Answers(run)
    consumer = clients.consumer(bootstrap, *ANSWERS, group_id=None, auto_offset_reset="latest")
    producer = clients.producer(bootstrap, acks="all")
    async with consumer, producer:
        await consumer.seek_to_end()
        for partition in consumer.assignment():
            await consumer.position(partition)
        steps = [step for name in names for step in run.case(name)["steps"]]
        for phase in sorted({step["phase"] for step in steps}):
            for step in steps:
                if step["phase"] == phase:
                    await _send(producer, step, run)
            await _collect(consumer, answers, quiet)
    return answers


async def _send(producer: AIOKafkaProducer, step: Mapping[str, Any], run: Run) -> None:
    headers = [(name, _named_for(run, name, run.raw(value))) for name, value in step["headers"]]
    if headers[0][0] != "content-type" and "ce_time" not in dict(headers):
        headers.append(("ce_time", datetime.now(UTC).isoformat().encode()))
    await producer.send_and_wait(
        step["topic"], run.raw(step["value"]), key=run.raw(step["key"]), headers=headers
    )


def _named_for(run: Run, name: str, value: bytes | None) -> bytes | None:
    """Ids differ from run to run."""
    return value + run.word.encode() if name == "ce_id" and value is not None else value


async def _collect(consumer: AIOKafkaConsumer, answers: Answers, quiet: float) -> None:
    """Until the desk has said nothing more for `quiet` seconds."""
    ends = time.monotonic() + SETTLED_WITHIN_SECONDS
    last = time.monotonic()
    while time.monotonic() < min(ends, last + quiet):
        for records in (await consumer.getmany(timeout_ms=200)).values():
            answers.found += [_answer(record) for record in records]
            last = time.monotonic()
        await asyncio.sleep(0)


def _answer(record: Any) -> Answer:
    headers = {name: (value or b"").decode(errors="replace") for name, value in record.headers}
    value = (record.value or b"").decode(errors="replace")
    key = (record.key or b"").decode(errors="replace")
    dead = "dl_reason" in headers
    data = {} if dead else json.loads(value or "{}")
    kind = DEAD_LETTER if dead else headers["ce_type"]
    return Answer(record.topic, kind, data, headers, f"{key} {value} {headers.get('ce_id')}")


def matching(answers: Sequence[Answer], wanted: Mapping[str, Any]) -> list[Answer]:
    """The answers that are what `wanted` describes; one that came twice, unchanged, counts once."""
    found = {_identity(answer): answer for answer in answers if _matches(answer, wanted)}
    return [*found.values()]


def _identity(answer: Answer) -> tuple[str | None, ...]:
    """A repeat has the same source, id and content; anything else is an answer of its own."""
    return (answer.headers.get("ce_source"), answer.headers.get("ce_id"), answer.text)


def _matches(answer: Answer, wanted: Mapping[str, Any]) -> bool:
    if answer.type != wanted["type"]:
        return False
    if any(answer.data.get(name) != value for name, value in wanted.get("where", {}).items()):
        return False
    if wanted.get("says", "") not in answer.headers.get("dl_error", ""):
        return False
    faulty = {fault["field"]: fault["code"] for fault in answer.data.get("errors", ())}
    if isinstance(wanted.get("faulty"), dict):
        return bool(faulty == wanted["faulty"])
    return faulty.keys() == set(wanted["faulty"]) if "faulty" in wanted else True


def mails_to(directory: Path, address: str) -> Iterator[str]:
    """Subject and words of every mail that went to `address`."""
    for path in sorted(directory.glob("*.eml")):
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        if address in str(message["to"]):
            body = message.get_body(("plain",))
            assert body is not None
            yield f"{message['subject']}\n{body.get_content()}"
