"""Changes aiokafka from within; its private fields are touched in this file alone.

Each workaround says what it is for, where that is known upstream, and holds for `HOLDS_FOR`. A
guard in `tests/unit/kafka/test_aiokafka_workarounds.py` fails once aiokafka no longer needs it.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial, wraps
from io import BytesIO
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.consumer import fetcher
from aiokafka.errors import KafkaConnectionError, NoError, for_code
from aiokafka.record import memory_records

HOLDS_FOR = "0.14"
"""The release of aiokafka that all of this was read in and tried with."""

WRITES = ("send", "_send_sasl_token")
"""The methods of an `AIOKafkaConnection` that write to its transport."""
LONGEST_EMPTY_ANSWER = 64 * 1024


def survive_closed_connections() -> None:
    """Let this process's clients take a write on a closed transport for a broken connection.

    uvloop raises RuntimeError there, where asyncio's own loop says nothing. aiokafka expects
    OSError alone (aio-libs/aiokafka#1038): with anything else one of its background tasks ends, and
    the client waits for ever for metadata, for its coordinator, or for acknowledgements; an admin
    client, and any client that is starting, raises it to its caller.

    Calling it again changes nothing.
    """
    for name in WRITES:
        write = getattr(AIOKafkaConnection, name)
        if not hasattr(write, "__wrapped__"):
            setattr(AIOKafkaConnection, name, _surviving(write))


def _surviving(write: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    @wraps(write)
    def survive(connection: Any, *what: Any, **options: Any) -> Awaitable[Any]:
        try:
            return write(connection, *what, **options)
        except RuntimeError as closed:
            connection.close(reason=CloseReason.CONNECTION_BROKEN)
            raise KafkaConnectionError("the connection is closed") from closed

    return survive


def let_requests_pass_through(
    consumer: AIOKafkaConsumer, through: Callable[..., Awaitable[Any]]
) -> None:
    """Let every request of the consumer go by way of `through`, which is given the way on first.

    aiokafka has no interceptors.
    """
    consumer._client.send = partial(through, consumer._client.send)


class RepeatedFetch:
    """A fetch request that may be sent again: encoded once, decoded where the answer differs.

    aiokafka has no fetch sessions (KIP-227; not reported): it encodes and decodes every partition
    each time, and 42 of them take it over a millisecond even where nothing has changed.
    """

    def __init__(self, request: Any) -> None:
        self._request = request
        self._versions: Any = None
        self._prepared: Any = None
        self._raw = b""
        self._answer: Any = None

    def prepare(self, versions: Any) -> Any:
        """The request for a connection whose broker speaks these versions; aiokafka calls this."""
        if self._prepared is None or self._versions is not versions:
            prepared = self._request.prepare(versions)
            encoded, self._type = prepared.encode(), prepared.RESPONSE_TYPE
            prepared.encode, prepared.RESPONSE_TYPE = lambda: encoded, self
            self._prepared, self._versions = prepared, versions
        return self._prepared

    def decode(self, data: BytesIO) -> Any:
        """The answer; the same object as before where its bytes are the same. aiokafka calls it."""
        if data.getbuffer().nbytes > LONGEST_EMPTY_ANSWER:
            return self._type.decode(data)
        raw = data.read()
        if self._answer is None or raw != self._raw:
            self._raw, self._answer = raw, self._type.decode(raw)
        return self._answer


class PartitionWatch:
    """Has a member join its group once more where nobody else sees that topics have grown.

    The leader of a group watches for new partitions. A member with a `group_instance_id` that
    leads, ends and comes back within its session leads on, and is told that it follows
    (KAFKA-13435): records in new partitions would wait for ever. To a member that does follow the
    broker answers with the division that there is; for the leader it divides again.
    """

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer
        self._joined_with: Mapping[str, int] = {}

    def look(self) -> None:
        """Ask at most once for each number of partitions, and not where all are this member's."""
        if self._consumer._group_instance_id is None:
            return
        coordinator = self._consumer._coordinator
        if coordinator._group_subscription is not None:
            return  # it leads, and watches by itself
        if coordinator.need_rejoin(self._consumer._subscription.subscription):
            return  # it has not joined yet, or joins already
        counts = {
            topic: len(self._consumer.partitions_for_topic(topic) or ())
            for topic in self._consumer.subscription()
        }
        if counts != self._joined_with:
            self._joined_with = counts
            if len(self._consumer.assignment()) < sum(counts.values()):
                coordinator.request_rejoin()


def checked_offsets(answer: Any) -> Any:
    """An answer about committed offsets. Raises what it says as a whole.

    A broker that is coming back may answer the question as a whole with an error. aiokafka looks at
    partitions alone (pykafka had the same fault, Parsely/pykafka#958; aiokafka's is not reported):
    to it the group has never committed, and it reads all topics from their beginning. Nothing would
    be decided twice, but everybody would wait for all of it. With this error the client finds its
    coordinator again and repeats the question.
    """
    error = for_code(getattr(answer, "error_code", NoError.errno))
    if error is not NoError:
        raise error
    return answer


async def know_topics(consumer: AIOKafkaConsumer, topics: Iterable[str]) -> None:
    """Learn where the partitions of all these topics are, in one question.

    aiokafka, asked for offsets, learns of one topic that it does not know, waits 0.1 s and begins
    again (not reported): the desk's twenty topics take it two seconds.
    """
    for topic in topics:
        consumer._client.add_topic(topic)
    await consumer._client._maybe_wait_metadata()


async def end_fetching(consumer: AIOKafkaConsumer, every_seconds: float) -> None:
    """Tell the consumer's fetching to end, again and again, until this is cancelled.

    It takes a cancellation for one of its own tasks' (aio-libs/aiokafka#983) if its partitions
    change in that moment, as they do in a rolling restart: `stop` would wait for ever.
    """
    while True:
        await asyncio.sleep(every_seconds)
        if consumer._fetcher is not None:
            consumer._fetcher.error_future.cancel()


def position_of(consumer: AIOKafkaConsumer, partition: TopicPartition) -> int:
    """The offset after all that was handed out, or -1 while it is not known.

    aiokafka's own `position` waits until it is known, and raises for a partition that is gone.
    """
    subscription = consumer._subscription.subscription
    state = subscription and subscription.assignment.state_value(partition)
    return state.position if state and state.has_valid_position else -1


def no_longer_sends(producer: AIOKafkaProducer) -> bool:
    """Whether the producer's sending task has ended, so that nothing is ever acknowledged again.

    After an error that it does not expect it ends for good (aio-libs/aiokafka#907), and says so to
    nobody: `send` still takes records.
    """
    task: asyncio.Task[None] | None = producer._sender.sender_task
    return task is not None and task.done()


def hear_unsent(producer: AIOKafkaProducer) -> None:
    """Take note of what a producer that no longer sends says of the batches that it still has.

    It says so to whoever waits for a place in its queue (`MessageBatch.failure`, not reported);
    when nobody does, asyncio would report each as an error that nobody heard of.
    """
    for batches in producer._message_accumulator._batches.values():
        for batch in batches:
            if batch._drain_waiter.done():
                batch._drain_waiter.exception()


async def ask_cluster(admin: AIOKafkaAdminClient, request: Any) -> Any:
    """The answer of any broker to a request that the admin client has no method for.

    aiokafka knows how to write ACLs, but its admin client does not (aio-libs/aiokafka#955).
    """
    return await admin._send_request(request)


def replace_decoders(records: type, decoders: Mapping[str, Callable[..., bytes]]) -> None:
    """Let every consumer of this process read batches by `records`, decompressed by `decoders`.

    aiokafka bounds nothing of what a compressed batch becomes (not reported there; franz-go has a
    bound since its pull request 1461, Kafka's brokers since apache/kafka#23429), and takes neither
    a reader of records nor a decoder of ours.
    """
    fetcher.MemoryRecords = records
    where = importlib.import_module(memory_records.DefaultRecordBatch.__module__)
    for name, decode in decoders.items():
        setattr(where, name, decode)
