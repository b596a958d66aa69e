"""Each fault of aiokafka that the desk works around is still there, and is touched in one file.

A guard that fails says that the workaround beside it may go.
"""

from __future__ import annotations

import ast
import asyncio
import gc
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiokafka
import pytest
import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition, codec
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.conn import AIOKafkaConnection
from aiokafka.consumer.fetcher import Fetcher
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.errors import GroupCoordinatorNotAvailableError
from aiokafka.protocol.admin import ApiVersionRequest_v0
from aiokafka.protocol.commit import OffsetFetchResponse_v3
from aiokafka.protocol.group import JoinGroupRequestStruct
from aiokafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder

import shared.kafka
from shared.kafka.aiokafka_workarounds import (
    HOLDS_FOR,
    WRITES,
    checked_offsets,
    hear_unsent,
    know_topics,
    no_longer_sends,
    survive_closed_connections,
)
from shared.kafka.client_options import client_options
from shared.settings import RuntimeSettings

KAFKA = Path(shared.kafka.__path__[0])
NOWHERE = "127.0.0.1:1"
PRIVATE = re.compile("_(?!_)")


def test_the_workarounds_were_tried_with_the_release_that_is_installed() -> None:
    assert aiokafka.__version__.startswith(f"{HOLDS_FOR}.")


class Request:
    """A request that is ready to be sent."""

    def prepare(self, _versions: Any) -> Any:
        return ApiVersionRequest_v0()


def written_on_a_closed_transport() -> None:
    """Write to a broker that has closed the connection, on the services' event loop."""

    async def write() -> None:
        server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            connection = AIOKafkaConnection("127.0.0.1", port)
            connection._reader, connection._writer = await asyncio.open_connection(
                "127.0.0.1", port
            )
            connection._read_task = asyncio.create_task(asyncio.sleep(60))
            connection._writer.transport.abort()
            while not connection._reader.at_eof() and connection._reader.exception() is None:
                await asyncio.sleep(0)
            try:
                await connection.send(Request())
            finally:
                connection.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(write())


def test_a_write_on_a_closed_transport_is_a_runtime_error_that_aiokafka_does_not_expect(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in WRITES:
        unchanged = inspect.unwrap(getattr(AIOKafkaConnection, name))
        monkeypatch.setattr(AIOKafkaConnection, name, unchanged)
    with pytest.raises(RuntimeError, match="closed"):
        written_on_a_closed_transport()
    survive_closed_connections()
    with pytest.raises(aiokafka.errors.KafkaConnectionError):
        written_on_a_closed_transport()


def test_every_client_of_the_process_survives_and_is_changed_once() -> None:
    client_options(RuntimeSettings())
    changed = [getattr(AIOKafkaConnection, name) for name in WRITES]

    client_options(RuntimeSettings())

    assert [getattr(AIOKafkaConnection, name) for name in WRITES] == changed
    assert all(inspect.unwrap(it) is it.__wrapped__ for it in changed)


async def test_aiokafka_takes_an_error_about_all_offsets_for_a_group_that_never_committed() -> None:
    answer = OffsetFetchResponse_v3(0, [], GroupCoordinatorNotAvailableError.errno)

    class Coordinator(GroupCoordinator):  # type: ignore[misc]
        def __init__(self) -> None:
            self.group_id = "desk.cancellation"

        async def _send_req(self, _request: Any) -> Any:
            return answer

    partition = TopicPartition("desk.timers", 0)
    assert await Coordinator()._do_fetch_commit_offsets([partition]) == {}
    with pytest.raises(GroupCoordinatorNotAvailableError):
        checked_offsets(answer)


async def test_fetching_takes_a_cancellation_for_an_ordinary_end_and_says_nothing() -> None:
    consumer = AIOKafkaConsumer(bootstrap_servers=NOWHERE)
    fetcher = Fetcher(consumer._client, consumer._subscription)
    await asyncio.sleep(0)
    fetcher.error_future.cancel()
    await asyncio.wait([fetcher.error_future], timeout=30)
    swallowed = not fetcher.error_future.cancelled()
    await consumer._client.close()
    assert swallowed


async def test_a_producer_whose_sending_has_ended_goes_on_taking_records() -> None:
    producer = AIOKafkaProducer(bootstrap_servers=NOWHERE)

    async def broken() -> None:
        raise ZeroDivisionError

    producer._sender._sender_task = asyncio.create_task(broken())
    await asyncio.wait([producer._sender._sender_task], timeout=30)
    assert no_longer_sends(producer)
    assert not producer._closed
    assert producer._sender._sender_task.exception() is not None
    await producer.client.close()


async def unheard_of_unsent(*, heard: bool) -> list[dict[str, Any]]:
    """The errors that asyncio reports of a batch that was still to be sent when sending ended."""
    reported: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))
    producer = AIOKafkaProducer(bootstrap_servers=NOWHERE)
    batch, partition = producer.create_batch(), TopicPartition("desk.timers", 0)
    sent = await producer._message_accumulator.add_batch(batch, partition, 1)
    producer._message_accumulator.fail_all(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        await sent
    if heard:
        hear_unsent(producer)
    await producer.client.close()
    producer._closed = True
    del producer, batch, sent
    gc.collect()
    return reported


async def test_a_producer_that_no_longer_sends_says_so_to_nobody_for_each_batch_it_has() -> None:
    assert len(await unheard_of_unsent(heard=False)) == 1
    assert await unheard_of_unsent(heard=True) == []


def test_the_admin_client_cannot_write_acls() -> None:
    assert not hasattr(AIOKafkaAdminClient, "create_acls")


def test_a_compressed_batch_is_decompressed_whatever_it_becomes() -> None:
    assert len(codec.zstd_decode(codec.zstd_encode(bytes(40 * 1024 * 1024)))) == 40 * 1024 * 1024


def test_a_header_name_that_is_not_utf_8_cannot_be_decoded() -> None:
    builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, -1, 1 << 20)
    builder.append(0, 1_000, b"key", b"{}", [("name", b"1")])
    data = bytearray(builder.build()).replace(b"name", b"n\xff\xfee")
    with pytest.raises(UnicodeDecodeError):
        list(DefaultRecordBatch(bytes(data)))


def private_fields_of_others(source: str) -> Iterator[tuple[int, str]]:
    """Where a private name is used that the module does not define itself."""
    tree = ast.parse(source)
    own = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    own |= {node.name for node in ast.walk(tree) if isinstance(node, ast.AsyncFunctionDef)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            own.add(node.attr)
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            own.add(node.target.id)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and PRIVATE.match(node.attr) and node.attr not in own:
            yield node.lineno, node.attr


@pytest.mark.parametrize("module", sorted(KAFKA.glob("*.py")), ids=lambda it: it.stem)
def test_aiokafkas_private_fields_are_touched_in_one_file(module: Path) -> None:
    found = list(private_fields_of_others(module.read_text()))
    assert bool(found) == (module.stem == "aiokafka_workarounds"), found


class Metadata:
    """A client that knows the partitions of what it was asked for; it counts the questions."""

    def __init__(self) -> None:
        self.cluster = self
        self.known: set[str] = set()
        self.wanted: set[str] = set()
        self.asked = 0

    def leader_for_partition(self, partition: TopicPartition) -> int | None:
        return 1 if partition.topic in self.known else None

    def add_topic(self, topic: str) -> None:
        self.wanted.add(topic)

    def force_metadata_update(self) -> None: ...

    async def _maybe_wait_metadata(self) -> None:
        self.asked += self.wanted != self.known
        self.known = {*self.wanted}


def test_aiokafka_joins_groups_in_no_version_that_tells_a_restarted_leader_that_it_leads() -> None:
    """KIP-814 does so, from version 9 on."""
    versions = [request.API_VERSION for request in JoinGroupRequestStruct.__args__]
    assert max(versions) < 9


@pytest.mark.parametrize(("told", "questions"), [(False, 3), (True, 1)], ids=["guard", "mended"])
async def test_offsets_of_unknown_topics_are_asked_for_topic_by_topic(
    *, told: bool, questions: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def answered(_self: Fetcher, _node: int, topics: dict[str, Any]) -> dict[str, int]:
        return dict.fromkeys(topics, 0)

    monkeypatch.setattr(Fetcher, "_proc_offset_request", answered)
    client, fetcher = Metadata(), Fetcher.__new__(Fetcher)
    fetcher._client, fetcher._retry_backoff = client, 0
    topics = ["a", "b", "c"]
    if told:
        await know_topics(SimpleNamespace(_client=client), topics)
    found = await fetcher._retrieve_offsets({TopicPartition(topic, 0): -1 for topic in topics})
    assert found == dict.fromkeys(topics, 0)
    assert client.asked == questions
