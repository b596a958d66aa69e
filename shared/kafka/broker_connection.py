"""A connection that only asks whether a broker is there."""

from __future__ import annotations

from aiokafka.conn import AIOKafkaConnection, collect_hosts, create_conn
from aiokafka.errors import KafkaError
from aiokafka.protocol.admin import ApiVersionRequest

from shared.kafka.client_options import security_options
from shared.outage import Outage
from shared.settings import RuntimeSettings


class BrokerConnection:
    """A separate connection to any broker, kept open between requests.

    The producer's would not do: there, a question waits behind whatever is being acknowledged, and
    its client logs an error at every try.
    """

    def __init__(self, settings: RuntimeSettings, within: float) -> None:
        self._settings = settings
        self._within_ms = int(within * 1000)
        self._line: AIOKafkaConnection | None = None

    async def ask(self) -> None:
        """Raises `Outage` when no broker answers within the given seconds."""
        if self._line is not None:
            try:
                await self._line.send(ApiVersionRequest())
            except (KafkaError, OSError):
                self.close()
            else:
                return
        await self._connect()

    async def _connect(self) -> None:
        """Each in turn until one answers; a connection begins with a question and an answer."""
        failed: KafkaError | OSError | None = None
        for host, port, _family in collect_hosts(self._settings.kafka_bootstrap_servers):
            try:
                self._line = await create_conn(
                    host,
                    port,
                    request_timeout_ms=self._within_ms,
                    **security_options(self._settings),
                )
            except (KafkaError, OSError) as error:  # OSError: TimeoutError is one
                failed = error
            else:
                return
        raise Outage("kafka", type(failed).__name__) from failed

    def close(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None
