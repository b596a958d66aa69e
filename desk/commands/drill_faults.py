"""The ten faults of `desk drill`: how each is brought about, and how it is put right again.

Putting right may be repeated, also where the fault was never or only half injected.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import secrets
import sys
from base64 import b64encode
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from signal import Signals
from typing import Any

from desk.commands.drill_desk import LocalDesk, comes, discard_letters, sent
from desk.commands.event_file import Outgoing
from shared.events.envelope import message_uuid
from shared.events.topics import ARCHIVE, CANCELLATION, INTAKE, TOPIC_OF
from shared.kafka.record_sender import record_sender

FAX, WEB = "/channels/fax", "/channels/web"
CONTACT = {"name": "Cliente de Prueba", "email": "cliente@example.test"}
REFUSED = 3
"""Records of a sender that is not allowed."""
ATTACHMENT = b"Carta de prueba.\n"

Act = Callable[[LocalDesk, str], Coroutine[Any, Any, None]]


@dataclass(frozen=True)
class DrillFault:
    """A fault: who calls about it, where to look, what it was; `name` is its heading, too."""

    name: str
    call: str
    look: str
    was: str
    inject: Act
    put_right: Act


def now() -> str:
    return datetime.now(UTC).isoformat()


def cancels(tag: str, source: str = WEB, **data: Any) -> Outgoing:
    """A cancellation that has all it needs."""
    given = {
        "customer_id": f"C-{tag}",
        "channel": source.rpartition("/")[2],
        "received_at": now(),
        "contract_numbers": [f"K-{tag}"],
        "destruction_confirmed": True,
        "contact": CONTACT,
    }
    return sent("submission.cancellation.v1", f"{tag}-asked", source, **given | data)


def recorded(tag: str, kind: str = "monthly_licence") -> Outgoing:
    """The contract that it is about, from the registry."""
    return sent(
        "registry.contract_recorded.v1",
        f"{tag}-contract",
        "/registry",
        contract_number=f"K-{tag}",
        customer_id=f"C-{tag}",
        type=kind,
        title="Contrato de Prueba",
        starts_on="2026-01-01",
        auto_renewal=False,
    )


async def _stop(name: str, desk: LocalDesk, tag: str) -> None:
    desk.signal(name, Signals.SIGSTOP)
    await desk.publish(recorded(tag), cancels(tag))


async def _continue(name: str, desk: LocalDesk, _tag: str) -> None:
    desk.signal(name, Signals.SIGCONT)


async def _set(name: str, settings: Mapping[str, str], desk: LocalDesk, _tag: str) -> None:
    await desk.restart(name, settings)


async def _reset(name: str, desk: LocalDesk, _tag: str) -> None:
    await desk.restart(name, {})
    await desk.healthy(name)


async def _differ(desk: LocalDesk, _tag: str) -> None:
    await desk.restart(ARCHIVE, {"INTERNAL_CREDENTIAL": secrets.token_urlsafe(32)})


async def _send_unknown_type(desk: LocalDesk, tag: str) -> None:
    headers = {
        "ce_specversion": "1.0",
        "ce_id": f"{tag}-0",
        "ce_source": "/billing",
        "ce_type": "billing.invoice_disputed.v1",
        "content-type": "application/json",
    }
    body = {"contract_number": f"K-{tag}", "invoice_number": f"F-{tag}"}
    async with record_sender(desk.settings) as sender:
        await sender.send(
            TOPIC_OF["billing.invoice_issued.v1"].name,
            f"K-{tag}".encode(),
            json.dumps(body).encode(),
            [(name, value.encode()) for name, value in headers.items()],
        )


async def _refuse_sender(desk: LocalDesk, tag: str) -> None:
    """The archive takes contracts from one branch of the registry alone."""
    allowed = {"registry.contracts": ["/registry/madrid"]}
    await desk.restart(ARCHIVE, {"TOPIC_SOURCES": json.dumps(allowed)})
    await desk.publish(*(recorded(f"{tag}-{number}") for number in range(REFUSED)))


async def _allow_sender(desk: LocalDesk, tag: str) -> None:
    await _reset(ARCHIVE, desk, tag)
    await discard_letters(desk, tag, REFUSED)


def _question(ce_id: str, tag: str, source: str, **data: Any) -> Outgoing:
    given = {
        "customer_id": f"C-{tag}",
        "channel": source.rpartition("/")[2],
        "received_at": now(),
        "request_type": "contracts",
        "subject": "Consulta de prueba",
        "text": "Texto de prueba.",
        "contact": CONTACT,
    }
    return sent("submission.inquiry.v1", ce_id, source, **given | data)


async def _register_without_consents(desk: LocalDesk, tag: str) -> None:
    given = {
        "channel": "fax",
        "received_at": now(),
        "name": CONTACT["name"],
        "email": CONTACT["email"],
        "phone": "900 000 000",
        "company": "Empresa de Prueba",
        "country": "ES",
        "consents": [],
    }
    await desk.publish(
        *(
            sent(
                "submission.registration.v1",
                f"{tag}-{number}",
                FAX,
                customer_id=f"C-{tag}-{number}",
                **given,
            )
            for number in range(12)
        )
    )


async def _flood(desk: LocalDesk, tag: str) -> None:
    await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "desk.commands.drill_flood", str(desk.directory), tag),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )


async def _nothing(_desk: LocalDesk, _tag: str) -> None:
    """Nothing stays of it, or it ends with the drill."""


async def _refer(desk: LocalDesk, tag: str) -> None:
    await desk.publish(recorded(tag, "servicepac"))
    await desk.publish(cancels(tag))


async def _decide_referral(desk: LocalDesk, tag: str) -> None:
    """A professional refuses, if nobody has decided meanwhile."""

    async def types() -> set[str]:
        async with desk.services(CANCELLATION) as services:
            file = await services[CANCELLATION].history("file", f"K-{tag}")
        entries = () if file is None else file.entries
        return {event.type for entry in entries for event in entry.events}

    async def is_referred() -> bool:
        return "cancellation.referred.v1" in await types()

    decided = {"cancellation.refused.v1", "cancellation.scheduled.v1"}
    if await comes(is_referred) and decided.isdisjoint(await types()):
        await desk.publish(
            sent(
                "agent.referral_decided.v1",
                f"{tag}-decided",
                "/agents/desk",
                agent_id="drill",
                contract_number=f"K-{tag}",
                approved=False,
                reason="Fin del simulacro.",
            )
        )


async def _claim_attachment(desk: LocalDesk, tag: str) -> None:
    """A claim check whose bytes nobody has handed over."""
    await desk.publish(
        sent(
            "document.received.v1",
            f"{tag}-document",
            FAX,
            document_id=f"D-{tag}",
            customer_id=f"C-{tag}",
            purpose="inquiry",
            file_name="carta.txt",
            media_type="text/plain",
            size=len(ATTACHMENT),
            sha256=hashlib.sha256(ATTACHMENT).hexdigest(),
            link=f"/attachments/D-{tag}",
            expires_at=(datetime.now(UTC) + timedelta(hours=8)).isoformat(),
        ),
        _question(f"{tag}-asked", tag, FAX, documents=[f"D-{tag}"]),
    )


async def _hand_attachment_over(desk: LocalDesk, tag: str) -> None:
    given = {
        "document_id": f"D-{tag}",
        "customer_id": f"C-{tag}",
        "media_type": "text/plain",
        "sha256": hashlib.sha256(ATTACHMENT).hexdigest(),
        "content": b64encode(ATTACHMENT).decode(),
    }
    inquiry_id = str(message_uuid(FAX, f"{tag}-asked"))
    async with desk.services(ARCHIVE, INTAKE) as services:
        await services[ARCHIVE].hand_in(given)

        async def is_open() -> bool:
            return await services[INTAKE].history("inquiry", inquiry_id) is not None

        if not await comes(is_open):
            return
    answer = {"inquiry_id": inquiry_id, "text": "Fin del simulacro.", "resolve": True}
    act = "agent.inquiry_answered.v1"
    await desk.publish(sent(act, f"{tag}-answered", "/agents/desk", agent_id="drill", **answer))


FAULTS: tuple[DrillFault, ...] = (
    DrillFault(
        "mail-server-hangs",
        "A customer: “I was told to expect a mail. None has come.”",
        "desk doctor, desk work",
        "the mail server's process was stopped: it took connections and did not greet",
        partial(_stop, "mailbox"),
        partial(_continue, "mailbox"),
    ),
    DrillFault(
        "referral-waits",
        "A customer: “I cancelled, and all I hear is that somebody will look at it.”",
        "desk work, desk case",
        "a cancellation that no policy decides waited for a professional",
        _refer,
        _decide_referral,
    ),
    DrillFault(
        "setting-refused",
        "The night shift: “Since the change of this evening, no contract is recorded.”",
        "desk doctor, the service's log",
        "the contract archive refused HISTORY_KEPT_DAYS=1 and ended each time it was started",
        partial(_set, ARCHIVE, {"HISTORY_KEPT_DAYS": "1"}),
        partial(_reset, ARCHIVE),
    ),
    DrillFault(
        "channel-floods",
        "The capacity team: “The broker's disk fills. Who sends all this?”",
        "desk topics, desk tail",
        "the fax channel sent the same faulty form some ten times a second",
        _flood,
        _nothing,
    ),
    DrillFault(
        "unknown-event-type",
        "Billing: “We have told you of a disputed invoice. Do you take it into account?”",
        "desk doctor, desk dead-letters list",
        "billing published billing.invoice_disputed.v1, which this release does not know",
        _send_unknown_type,
        partial(discard_letters, count=1),
    ),
    DrillFault(
        "service-hangs",
        "A customer: “My cancellation was confirmed as received. I hear nothing of its date.”",
        "desk doctor, desk topics",
        "the cancellation service's process was stopped: it lived, and decided nothing",
        partial(_stop, CANCELLATION),
        partial(_continue, CANCELLATION),
    ),
    DrillFault(
        "attachment-missing",
        "A customer: “You say that my letter is being checked. I sent it long ago.”",
        "desk work, desk inquiry, the archive's log",
        "the fax channel told of an attachment whose bytes it never handed over",
        _claim_attachment,
        _hand_attachment_over,
    ),
    DrillFault(
        "consents-missing",
        "Sales: “Customers who register by fax do not come through.”",
        "desk tail desk.rejections",
        "the fax channel sent registrations without the two consents",
        _register_without_consents,
        _nothing,
    ),
    DrillFault(
        "credential-differs",
        "An operator: “One service says nothing about its records, and it runs.”",
        "desk work, desk doctor",
        "the contract archive was started with another INTERNAL_CREDENTIAL than the operators'",
        _differ,
        partial(_reset, ARCHIVE),
    ),
    DrillFault(
        "sender-not-allowed",
        "The registry: “We recorded three contracts this evening. Why does nobody see them?”",
        "desk doctor, desk dead-letters list",
        "TOPIC_SOURCES let the archive take the registry's records from one branch alone",
        _refuse_sender,
        _allow_sender,
    ),
)
"""In the order of their numbers, which says nothing about their names."""
BY_NAME = {fault.name: fault for fault in FAULTS}
