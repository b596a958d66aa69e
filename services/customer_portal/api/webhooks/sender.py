"""Sends what is due: one message at a time to each webhook, so that a dead one holds up no other.

It follows no redirect, keeps no connection, and does not read what is answered.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

import httpcore2
import structlog

from services.customer_portal.api.partners import Partners
from services.customer_portal.api.webhooks.addresses import CheckedBackend, NotPublic
from services.customer_portal.api.webhooks.schedule import AttemptResult, after
from services.customer_portal.api.webhooks.signature import headers_of
from services.customer_portal.api.webhooks.store import Delivery, Webhook, WebhookStore
from shared.outage import Outage
from shared.runtime.backoff import Backoff, sleep_unless
from shared.telemetry.tracing import Traces, Value

log: structlog.stdlib.BoundLogger = structlog.get_logger()

WITHIN_SECONDS = 15.0
"""Standard Webhooks asks for 15 to 30."""
LOOK_SECONDS = 1.0
MOST_AT_ONCE = 100
"""Webhooks that one process sends to."""
MOST_IN_A_ROW = 50
"""Then the others have their turn."""


class Post(Protocol):
    """Sends one message."""

    async def __call__(self, url: str, headers: dict[str, str], body: bytes) -> AttemptResult: ...


class Poster:
    """Over the network, to addresses that are allowed."""

    def __init__(self, *, anywhere: bool) -> None:
        self._backend = CheckedBackend(anywhere=anywhere)
        self._pool = httpcore2.AsyncConnectionPool(
            max_connections=MOST_AT_ONCE,
            max_keepalive_connections=0,
            network_backend=self._backend,
        )

    async def __call__(self, url: str, headers: dict[str, str], body: bytes) -> AttemptResult:
        """Sends one request; returns any failure as one word, never the answer's text."""
        told = {"content-type": "application/json", "user-agent": "contract-desk", **headers}
        timeouts = dict.fromkeys(("connect", "read", "write", "pool"), WITHIN_SECONDS)
        try:
            async with (
                asyncio.timeout(WITHIN_SECONDS),
                self._pool.stream(
                    "POST",
                    url,
                    headers=list(told.items()),
                    content=body,
                    extensions={"timeout": timeouts},
                ) as answer,
            ):
                return AttemptResult(status=answer.status)
        except NotPublic:
            return AttemptResult(error="address_not_allowed")
        except (TimeoutError, httpcore2.TimeoutException):
            return AttemptResult(error="timeout")
        except (httpcore2.NetworkError, OSError):
            return AttemptResult(error="not_reached")
        except (httpcore2.ProtocolError, httpcore2.UnsupportedProtocol, ValueError):
            return AttemptResult(error="no_http")

    async def close(self) -> None:
        await self._pool.aclose()
        self._backend.close()


class WebhookSender:
    """Sends deliveries; several processes may do it at once."""

    def __init__(
        self,
        store: WebhookStore,
        partners: Partners,
        post: Post,
        now: Callable[[], datetime],
        *,
        give_up_after: timedelta,
        traces: Traces | None = None,
    ) -> None:
        self._traces = traces
        self._store = store
        self._partners = partners
        self._post = post
        self._now = now
        self._give_up_after = give_up_after
        self._sending: dict[str, asyncio.Task[None]] = {}
        self._turns: dict[str, int] = {}
        """The last turn in which each due webhook was served."""
        self._turn = 0

    async def run(self, stopping: asyncio.Event, longest_pause: float) -> None:
        """Return when `stopping` is set and nothing is being sent."""
        backoff = Backoff(longest_pause, stopping)
        while not stopping.is_set():
            try:
                await self.round()
            except Outage as outage:
                log.warning("waiting", dependency=outage.dependency, why=str(outage))
                await backoff.pause()
            else:
                backoff.reset()
                await sleep_unless(stopping, LOOK_SECONDS)
        await asyncio.gather(*self._sending.values(), return_exceptions=True)

    async def round(self) -> None:
        """Begin to send to each webhook that is due and not being sent to. Raises `Outage`.

        Who was sent to longest ago comes first: those that are due for ever, because they are dead,
        have no more turns than the others.
        """
        for webhook_id, task in list(self._sending.items()):
            if task.done():
                del self._sending[webhook_id]
                task.result()
        due = await self._store.with_due()
        self._turns = {it: self._turns.get(it, 0) for it in due}
        for webhook_id in sorted(due, key=self._turns.__getitem__):
            if len(self._sending) >= MOST_AT_ONCE:
                return
            if webhook_id not in self._sending:
                self._turn += 1
                self._turns[webhook_id] = self._turn
                self._sending[webhook_id] = asyncio.create_task(self._send_to(webhook_id))

    async def settled(self) -> None:
        """Return when what was begun has ended."""
        await asyncio.gather(*self._sending.values())

    async def _send_to(self, webhook_id: str) -> None:
        """Send what is due until nothing is, or an attempt fails."""
        for _ in range(MOST_IN_A_ROW):
            webhook = await self._store.by_id(webhook_id)
            if webhook is None or webhook.disabled is not None:
                return await self._store.hold(webhook_id)
            if not await self._send_next(webhook):
                return None
        return None

    async def _send_next(self, webhook: Webhook) -> bool:
        delivery = await self._store.lease(webhook.id)
        if delivery is None:
            return False
        partner = await self._partners.known(webhook.partner)
        if partner is None or delivery.customer_id not in partner.customers:
            await self._store.drop(delivery)
            return True
        began, began_at = time.monotonic(), time.time_ns()
        signed = headers_of(webhook.secret, delivery.id, self._now(), delivery.body)
        outcome = await self._post(webhook.url, signed, delivery.body)
        took_ms = round((time.monotonic() - began) * 1000)
        tries = delivery.tries + 1
        self._traced(delivery, outcome, tries, began_at)
        then = after(outcome, tries, webhook.failing_since, self._now(), self._give_up_after)
        await self._store.note(webhook, delivery, outcome, then, took_ms)
        if then.disabled:
            log.warning("webhook disabled", webhook=webhook.id, why=then.disabled.value)
        return outcome.good

    def _traced(
        self, delivery: Delivery, outcome: AttemptResult, tries: int, began_at: int
    ) -> None:
        """A span of the trace whose event it tells of; `began_at` in nanoseconds since 1970.

        It names the webhook and never its address: that may hold a secret.
        """
        if self._traces is None or delivery.traceparent is None:
            return
        told: dict[str, Value] = {
            "cloudevents.event_type": delivery.type,
            "desk.webhook": delivery.webhook,
            "desk.tries": tries,
        }
        if outcome.status:
            told["http.response.status_code"] = outcome.status
        span = self._traces.begin(
            "deliver webhook", "client", parent=delivery.traceparent, attributes=told, at=began_at
        )
        if span is None:
            return
        if not outcome.good:
            span.fail(outcome.error or str(outcome.status))
        span.end()
