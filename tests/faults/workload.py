"""The workload of an outside channel, and the results it must have.

A case is one contract that is cancelled, given back and cancelled again, beside two questions, one
of them followed up word by word. Its steps lie some cases apart, so that faults come between them.
Some cases also cancel a contract that nobody knows, which a timer refers to a person, or publish
a record that is no JSON.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from itertools import count
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from shared.events.envelope import message_uuid

SOURCE = "/channels/fault-suite"
REGISTRY, AGENTS = "/registry/fault-suite", "/agents/fault-suite"
UNKNOWN_EVERY = 20
POISON_EVERY = 10
AT_ONCE = 4
"""Cases published between two waits for the broker."""
AGAIN_AFTER_S = 0.2

CANCEL, WITHDRAW = "submission.cancellation.v1", "submission.cancellation_withdrawal.v1"
REGISTER = "submission.registration.v1"
PERSON = {"phone": "+34 600 000 000", "company": "Prueba SA", "country": "ES"}
QUESTION, FOLLOW_UP = "submission.inquiry.v1", "submission.follow_up.v1"
WORDS = (1, 2, 3)
MAILS = {QUESTION: 1, CANCEL: 2, WITHDRAW: 2}
"""The confirmation of receipt, and the decision's own mail."""
COURSE = ("cancellation.scheduled.v1", "cancellation.withdrawn.v1", "cancellation.scheduled.v1")
REFERRED = ("cancellation.referred.v1",)
CROWDED = "H-"
"""A contract for which many ask who do not hold it; each is referred, and its holder is not."""
UNREACHABLE = "nadie@example.test"
"""The mail server takes nothing for this address."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One record as the channel or the registry sends it.

    `poison` has a value that is not JSON, and no key: nobody can be answered. What is `hostile` can
    be answered, and must be: by a rejection, a dead letter or an inquiry, but by one of them only.
    """

    topic: str
    ce_type: str
    ce_id: str
    key: str
    value: bytes
    poison: bool = False
    source: str = SOURCE
    hostile: bool = False

    @property
    def headers(self) -> list[tuple[str, bytes]]:
        values = {
            "ce_specversion": "1.0",
            "ce_id": self.ce_id,
            "ce_source": self.source,
            "ce_type": self.ce_type,
            "content-type": "application/json",
        }
        return [(name, value.encode()) for name, value in values.items()]

    @property
    def inquiry_id(self) -> str:
        return str(message_uuid(SOURCE, self.ce_id))


@dataclass
class Expected:
    """The public results that a workload must have in the end."""

    mails: dict[str, int] = field(default_factory=dict)
    """By inquiry, how many mails go out."""
    unreachable: dict[str, int] = field(default_factory=dict)
    """By inquiry, how many mails fail."""
    courses: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """By contract, its decisions in their order."""
    crowds: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """By contract, its decisions where their order is chance; their numbers are not."""
    words: dict[str, tuple[int, ...]] = field(default_factory=dict)
    poison: set[str] = field(default_factory=set)
    answered: set[str] = field(default_factory=set)
    """Of these, one thing or another comes, once."""
    nothing: set[str] = field(default_factory=set)
    """Of these nothing may come: they were rolled back, or forged."""
    submissions: int = 0

    def note(self, sent: Sent) -> None:
        """The broker has acknowledged it: from now on it counts."""
        if sent.poison:
            self.poison.add(sent.ce_id)
            return
        self.submissions += 1
        if sent.hostile:
            self.answered.add(sent.ce_id)
        else:
            self._note_sound(sent, json.loads(sent.value))

    def note_nothing(self, *sent: Sent) -> None:
        """It is on its topic, and must not count."""
        self.nothing.update(record.ce_id for record in sent)

    def _note_sound(self, sent: Sent, data: dict[str, Any]) -> None:
        if sent.ce_type == FOLLOW_UP:
            self.words[data["inquiry_id"]] = WORDS
            return
        reached = data.get("contact", {}).get("email") != UNREACHABLE
        mails = self.mails if reached else self.unreachable
        mails[sent.inquiry_id] = MAILS[sent.ce_type]
        for number in data.get("contract_numbers", ()):
            if number.startswith(CROWDED):
                holds_it = data["customer_id"] == holder_of(number)
                self.crowds[number][COURSE[0] if holds_it else REFERRED[0]] += 1
            else:
                self.courses[number] = REFERRED if number.startswith("U-") else COURSE

    def __iadd__(self, other: Expected) -> Expected:
        for name in ("mails", "unreachable", "courses", "crowds", "words", "poison", "answered"):
            getattr(self, name).update(getattr(other, name))
        self.nothing |= other.nothing
        self.submissions += other.submissions
        return self


def holder_of(number: str) -> str:
    return f"C-{number}"


def contract(number: str) -> Sent:
    """The registry's record of a monthly licence."""
    data = {
        "contract_number": number,
        "customer_id": holder_of(number),
        "type": "monthly_licence",
        "title": "Licencia de prueba",
        "starts_on": "2025-01-01",
        "auto_renewal": False,
    }
    ce_type = "registry.contract_recorded.v1"
    ce_id, value = f"contract-{number}", _json(data)
    return Sent("registry.contracts", ce_type, ce_id, number, value, source=REGISTRY)


def cases(name: str, begin: int) -> Iterator[list[Sent]]:
    """Case by case without end; case `n` is about contract `K-n`, from `begin` on."""
    return (_steps(name, number, begin, number + 1) for number in count(begin))


def last_steps(name: str, begin: int, end: int) -> Iterator[list[Sent]]:
    """Returns the remaining steps of the cases begun before `end`."""
    longest = max(later for later, _ in STEPS)
    return (_steps(name, number, begin, end) for number in range(end, end + longest))


def _steps(name: str, number: int, begin: int, end: int) -> list[Sent]:
    """The first step of this case, and the later steps of earlier ones."""
    cases = ((number - later, make) for later, make in STEPS)
    return [record for case, make in cases if begin <= case < end for record in make(name, case)]


def _first(name: str, number: int) -> Iterator[Sent]:
    yield cancel(f"K-{number}", f"{name}-{number}-cancel")
    yield question(f"Q-{number}", f"{name}-{number}-a")
    yield question(f"Q-{number}", f"{name}-{number}-b")
    if number % UNKNOWN_EVERY == 0:
        yield cancel(f"U-{number}", f"{name}-{number}-unknown")
    if number % POISON_EVERY == 0:
        ce_id = f"{name}-{number}-poison"
        yield Sent("desk.submissions", QUESTION, ce_id, "", b"{", poison=True)


def _more_words(word: int, name: str, number: int) -> Iterator[Sent]:
    inquiry_id = str(message_uuid(SOURCE, f"{name}-{number}-a"))
    more = {"inquiry_id": inquiry_id, "text": str(word)}
    yield _submission(FOLLOW_UP, f"{name}-{number}-word-{word}", f"Q-{number}", more)


def _back(name: str, number: int) -> Iterator[Sent]:
    more = {"contract_number": f"K-{number}"}
    yield _submission(WITHDRAW, f"{name}-{number}-withdraw", holder_of(f"K-{number}"), more)


def _again(name: str, number: int) -> Iterator[Sent]:
    yield cancel(f"K-{number}", f"{name}-{number}-again")


STEPS: tuple[tuple[int, Callable[[str, int], Iterator[Sent]]], ...] = (
    (0, _first),
    *((2 * word, partial(_more_words, word)) for word in WORDS),
    (8, _back),
    (16, _again),
)
"""How many cases later each step of a case is published."""


def _submission(ce_type: str, ce_id: str, customer_id: str, more: dict[str, Any]) -> Sent:
    common = {
        "customer_id": customer_id,
        "channel": "web",
        "received_at": datetime.now(UTC).isoformat(),
    }
    return Sent("desk.submissions", ce_type, ce_id, customer_id, _json(common | more))


def _contact(customer_id: str, email: str | None = None) -> dict[str, str]:
    """Each customer has an address: mails are counted by address, and one count would grow."""
    own = f"{customer_id.lower()}@example.test"
    return {"name": "Cliente de Prueba", "email": email or own}


def cancel(number: str, ce_id: str, customer_id: str | None = None) -> Sent:
    """Its holder asks, or the customer named."""
    customer_id = customer_id or holder_of(number)
    contact = _contact(customer_id)
    more = {"contract_numbers": [number], "destruction_confirmed": True, "contact": contact}
    return _submission(CANCEL, ce_id, customer_id, more)


def question(customer_id: str, ce_id: str, email: str | None = None) -> Sent:
    more = {"request_type": "contracts", "subject": "Una pregunta", "text": "¿Cómo se hace?"}
    contact = _contact(customer_id, email)
    return _submission(QUESTION, ce_id, customer_id, more | {"contact": contact})


def registration(number: str) -> Sent:
    """The holder of a contract registers."""
    given_at = datetime.now(UTC).isoformat()
    consents = [
        {"purpose": purpose, "wording_version": "1", "given_at": given_at}
        for purpose in ("store_and_contact", "transfer_abroad")
    ]
    holder = holder_of(number)
    fields = _contact(holder) | PERSON
    return _submission(REGISTER, f"register-{number}", holder, fields | {"consents": consents})


def access(number: str) -> Sent:
    """An agent lets the holder of a contract see it."""
    holder = holder_of(number)
    said = _json({"customer_id": holder, "agent_id": "agent-1"})
    ce_type, ce_id = "agent.access_authorised.v1", f"access-{number}"
    return Sent("desk.agent-actions", ce_type, ce_id, holder, said, source=AGENTS)


def hostile(ce_id: str, value: bytes) -> Sent:
    """A registration whose consents are `value`, whatever that is."""
    fields = _contact(f"X-{ce_id}") | PERSON
    sound = _submission(REGISTER, ce_id, f"X-{ce_id}", fields)
    spoilt = sound.value[:-1] + b',"consents":%s}' % value
    return replace(sound, value=spoilt, hostile=True)


def _json(data: dict[str, Any]) -> bytes:
    return json.dumps(data).encode()


class Channel:
    """A client that repeats what was not acknowledged, under the same id, and keeps the order."""

    def __init__(self, bootstrap: str) -> None:
        self._producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all")
        self.repeats: Counter[str] = Counter()

    async def start(self) -> None:
        await self._producer.start()

    async def stop(self) -> None:
        await self._producer.stop()

    async def publish(self, records: list[Sent], expected: Expected | None = None) -> None:
        """Return once every record is acknowledged."""
        waiting = records
        while waiting:
            sent = [await self._send(record) for record in waiting]
            answers = await asyncio.gather(*sent, return_exceptions=True)
            pairs = list(zip(waiting, answers, strict=True))
            for record, answer in pairs:
                if expected is not None and not isinstance(answer, BaseException):
                    expected.note(record)
            waiting = [record for record, answer in pairs if isinstance(answer, BaseException)]
            if waiting:
                self.repeats.update(record.ce_id for record in waiting)
                await asyncio.sleep(AGAIN_AFTER_S)

    async def until_known(self, topic: str, partitions: int) -> None:
        """Return once records may go to each of that many partitions."""
        while len(await self._producer.partitions_for(topic)) < partitions:
            await self._producer.client.force_metadata_update()

    async def _send(self, record: Sent) -> asyncio.Future[Any]:
        while True:
            try:
                sent: asyncio.Future[Any] = await self._producer.send(
                    record.topic, record.value, record.key.encode(), headers=record.headers
                )
            except KafkaError:
                await asyncio.sleep(AGAIN_AFTER_S)
            else:
                return sent
