"""Where nothing comes, a broker is asked again before its empty answer counts, at little cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import pytest
from aiokafka.protocol.fetch import FetchRequest, FetchResponse_v4

from shared.kafka.aiokafka_workarounds import LONGEST_EMPTY_ANSWER, RepeatedFetch
from shared.kafka.consumer import EndingConsumer
from shared.kafka.fetch_pace import FetchPace

VERSIONS = {FetchRequest.API_KEY: (4, 4)}
NODE = 1
OUT_OF_RANGE = 1
QUIET_SECONDS = 60.0


def request() -> Any:
    return FetchRequest(500, 1, 1_000, 1, [("desk.inquiries", [(0, 7, 500)])], rack_id="")


def answer(*, end: int = 7, error: int = 0, records: bytes = b"") -> bytes:
    part: Any = (0, error, end, end, [], records)
    return bytes(FetchResponse_v4(0, [("desk.inquiries", [part])]).encode())


@dataclass
class Broker:
    """Gives these answers in turn, at once, and the last one again and again."""

    answers: Sequence[bytes]
    asked: list[bytes] = field(default_factory=list)
    decoded: list[Any] = field(default_factory=list)

    async def send(self, _node_id: int, asked: Any) -> Any:
        prepared = asked.prepare(VERSIONS)
        self.asked.append(prepared.encode())
        given = self.answers[min(len(self.asked), len(self.answers)) - 1]
        self.decoded.append(prepared.RESPONSE_TYPE.decode(BytesIO(given)))
        return self.decoded[-1]


class Time:
    """Passes while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += max(0.0, seconds)


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    time = Time()
    monkeypatch.setattr("shared.kafka.consumer.asyncio.sleep", time.sleep)
    return time


def quiet_consumer(time: Time, seconds: float = QUIET_SECONDS) -> EndingConsumer:
    quiet = EndingConsumer()
    quiet._pace = pace = FetchPace(0, time)
    pace.answered(NODE, asked=time.now, records=False)
    time.now += seconds
    for _ in range(12):
        pace.answered(NODE, asked=time.now, records=False)
    return quiet


async def fetched(quiet: EndingConsumer, *answers: bytes) -> Broker:
    broker = Broker(answers)
    await quiet._send(broker.send, NODE, request())
    return broker


async def test_a_broker_without_news_is_asked_for_a_second_and_then_its_answer_counts(
    time: Time,
) -> None:
    quiet, began = quiet_consumer(time), time.now
    broker = await fetched(quiet, answer())

    assert len(broker.asked) == 6
    assert len({id(it) for it in broker.decoded}) == len({id(it) for it in broker.asked}) == 1
    assert time.now - began == pytest.approx(1.0, abs=0.21)


@pytest.mark.parametrize(
    "news",
    [answer(records=b"records"), answer(error=OUT_OF_RANGE), answer(end=8)],
    ids=["records", "an error", "another end"],
)
async def test_news_are_handed_on_at_once(time: Time, news: bytes) -> None:
    broker = await fetched(quiet_consumer(time), answer(), answer(), news, answer())
    assert len(broker.asked) == 3
    assert bytes(broker.decoded[-1].encode()) == news


@pytest.mark.parametrize(
    "news", [answer(records=b"records"), answer(error=OUT_OF_RANGE)], ids=["records", "an error"]
)
async def test_a_first_answer_with_news_is_not_held_back(time: Time, news: bytes) -> None:
    assert len((await fetched(quiet_consumer(time), news)).asked) == 1


async def test_where_records_came_lately_every_answer_counts(time: Time) -> None:
    assert len((await fetched(quiet_consumer(time, seconds=1), answer())).asked) == 1


async def test_a_broker_that_holds_answers_back_itself_is_asked_once(time: Time) -> None:
    quiet = quiet_consumer(time)
    broker = Broker([answer()])

    async def patiently(node_id: int, asked: Any) -> Any:
        await time.sleep(0.5)
        return await broker.send(node_id, asked)

    await quiet._send(patiently, NODE, request())
    assert len(broker.asked) == 1


def test_an_answer_of_records_is_not_kept() -> None:
    repeated = RepeatedFetch(request()).prepare(VERSIONS)
    large = answer(records=b"x" * LONGEST_EMPTY_ANSWER)
    first, second = (repeated.RESPONSE_TYPE.decode(BytesIO(large)) for _ in range(2))
    assert first == second
    assert first is not second


def test_a_broker_of_another_release_gets_the_request_in_its_version() -> None:
    repeated = RepeatedFetch(request())
    assert repeated.prepare(VERSIONS).API_VERSION == 4
    assert repeated.prepare({FetchRequest.API_KEY: (11, 11)}).API_VERSION == 11
