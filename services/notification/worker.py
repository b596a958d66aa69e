"""The worker: takes a due notification to its recipient and says what became of the attempt."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from email.utils import parseaddr
from functools import partial

import structlog

from services.notification.address_limits import AddressLimits
from services.notification.mail.compose import Composer
from services.notification.mail.recipients import (
    Known,
    Unaddressable,
    known,
    may_be_summarised,
    misses_inquiry,
    recipient_of,
    refs_of,
)
from services.notification.mail.state import Notification
from services.notification.mail_server import MailServerHealth
from services.notification.settings import Settings
from services.notification.summary import decide as summary
from shared.events.internal import DecisionCollected, MailAttempted, Outcome, SummaryDue
from shared.events.notifications import RATE_LIMITED
from shared.mail.smtp import Mailer, MailRefused
from shared.mongo.client import Database
from shared.outage import Outage
from shared.runtime.decider import Dependencies, OpenWorker, Perform, Work

OVERTAKEN_SECONDS = (0.03, 0.06, 0.12, 0.24)
"""Pauses before an inquiry that is not here yet is looked for again: topics are not ordered among
each other, and one decision in 20 comes first. A failed attempt would cost it a whole second."""

log = structlog.get_logger(__name__)


def open_worker(settings: Settings) -> OpenWorker:
    """Opened by the runtime once and closed at the end; the mail server need not be there yet."""

    @asynccontextmanager
    async def opened(database: Database, dependencies: Dependencies) -> AsyncIterator[Perform]:
        mailer = Mailer(
            settings.mail_server,
            connections=settings.smtp_connections,
            unreported=settings.smtp_unreported,
            timeout=settings.smtp_timeout_seconds,
        )
        composer = Composer(settings.imprint, settings.letterhead)
        sender = parseaddr(settings.mail_from)[1]
        ask = partial(mailer.ask, sender)
        server = MailServerHealth(dependencies, ask, settings.smtp_check_seconds)
        limits = AddressLimits(
            database,
            per_hour=settings.unregistered_mails_per_hour,
            per_day=settings.unregistered_mails_per_day,
        )
        with suppress(Outage):  # counts that outlive their day do no harm
            await limits.prepare()
        hash_key = settings.recipient_hash_key.get_secret_value()
        try:
            async with server.watched():
                yield Sender(mailer, sender, server, composer, limits, hash_key)
        finally:
            await mailer.close()

    return opened


@dataclass(frozen=True, slots=True)
class Sender:
    """Does one notification's due attempt. The address is read now, not when the mail was due."""

    mailer: Mailer
    sender: str
    server: MailServerHealth
    composer: Composer
    limits: AddressLimits
    hash_key: str

    async def __call__(self, work: Work) -> Outcome:
        if work.ref.kind == summary.KIND:
            return SummaryDue(inquiry_id=work.ref.id)
        return await self._attempt(work)

    async def _attempt(self, work: Work) -> Outcome:
        notification: Notification = work.state
        replicas = await self._known(work, notification)
        if await self._goes_into_summary(work, notification, replicas):
            assert notification.inquiry_id is not None
            return DecisionCollected(
                inquiry_id=notification.inquiry_id, notification_id=notification.notification_id
            )
        to = recipient_of(notification, replicas)
        if isinstance(to, Unaddressable):
            return _attempted(notification, "", MailRefused(to.error, permanent=to.permanent))
        hashed = recipient_hash(self.hash_key, to.address)
        if not to.registered and not await self.limits.allow(hashed, notification):
            return _attempted(notification, hashed, MailRefused(RATE_LIMITED, permanent=True))
        message = self.composer.compose(notification, replicas, to)
        try:
            await self.mailer.send(self.sender, to.address, message, work.until_reported)
        except MailRefused as refused:
            self.server.refused(refused, hashed)
            return _attempted(notification, hashed, refused)
        self.server.accepted()
        return _attempted(notification, hashed, None)

    async def _known(self, work: Work, notification: Notification) -> Known:
        """Waits a moment for an inquiry that its decision has overtaken, at the first attempt."""
        refs = refs_of(notification)
        replicas = known(notification, await work.read(refs))
        for pause in () if notification.attempts else OVERTAKEN_SECONDS:
            if not misses_inquiry(notification, replicas):
                break
            await asyncio.sleep(pause)
            replicas = known(notification, await work.read(refs))
        return replicas

    async def _goes_into_summary(
        self, work: Work, notification: Notification, replicas: Known
    ) -> bool:
        if not may_be_summarised(notification, replicas):
            return False
        assert notification.inquiry_id is not None
        ref = summary.ref_of(notification.inquiry_id)
        begun = (await work.read((ref,))).get(ref)
        return begun is None or not begun.closed


def recipient_hash(key: str, address: str) -> str:
    """The first 32 hex digits of HMAC-SHA256 over the lower-cased address."""
    return hmac.new(key.encode(), address.lower().encode(), hashlib.sha256).hexdigest()[:32]


def _attempted(
    notification: Notification, hashed: str, refused: MailRefused | None
) -> MailAttempted:
    outcome = MailAttempted(
        notification_id=notification.notification_id,
        attempt=notification.attempts + 1,
        recipient_hash=hashed,
        error=refused.error if refused else None,
        permanent=refused.permanent if refused else False,
    )
    if refused:
        log.warning(
            "mail not sent",
            notification_id=outcome.notification_id,
            template=notification.template,
            attempt=outcome.attempt,
            error=outcome.error,
            permanent=outcome.permanent,
        )
    return outcome
