"""Intake as one would first write it with FastStream: `python -m bench.contenders.first_idiom`.

One message, one model, one upsert, two publishes, acknowledged after processing. It does less than
the desk: no history, so no audit and no outbox; a repeated message is published under new ids.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from faststream import AckPolicy, FastStream
from faststream.kafka import KafkaBroker
from faststream.kafka.annotations import KafkaMessage
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import WriteConcern

from shared.events.envelope import message_uuid
from shared.events.inquiries import InquiryKind, InquiryOpened
from shared.events.requests import CancellationRequested
from shared.events.submissions import CancellationSubmitted
from shared.events.topics import INTAKE
from shared.settings import RuntimeSettings

settings = RuntimeSettings()
journal = True if settings.mongo_journal else None
client: AsyncIOMotorClient[dict[str, object]] = AsyncIOMotorClient(settings.mongo_url)
inquiries = client[settings.database_of(INTAKE)].get_collection(
    "inquiry", write_concern=WriteConcern("majority", j=journal)
)
broker = KafkaBroker(
    settings.kafka_bootstrap_servers, acks="all", enable_idempotence=True, logger=None
)
app = FastStream(broker, logger=None)


@broker.subscriber(
    "desk.submissions",
    group_id=settings.group_of(INTAKE),
    auto_offset_reset="earliest",
    ack_policy=AckPolicy.ACK,
)
async def on_submission(submission: CancellationSubmitted, message: KafkaMessage) -> None:
    identity = message.headers["ce_id"]
    now = datetime.now(UTC)
    opened = InquiryOpened(
        inquiry_id=str(message_uuid(message.headers["ce_source"], identity)),
        submission_id=identity,
        reference=f"INQ-{uuid4().hex[:10].upper()}",
        kind=InquiryKind.CANCELLATION,
        customer_id=submission.customer_id,
        channel=submission.channel,
        subject="Cancelación",
        queue="contracts",
        opened_at=now,
        answer_due_at=now + timedelta(days=1),
        contact=submission.contact,
        language=submission.language,
        contract_numbers=submission.contract_numbers,
    )
    document = opened.model_dump(mode="json")
    await inquiries.replace_one({"_id": opened.inquiry_id}, document, upsert=True)
    await broker.publish(
        opened,
        "desk.inquiries",
        key=opened.inquiry_id.encode(),
        headers=_headers(opened.ce_type, opened.inquiry_id, identity),
    )
    for number in submission.contract_numbers:
        request = CancellationRequested(
            inquiry_id=opened.inquiry_id,
            customer_id=submission.customer_id,
            channel=submission.channel,
            received_at=submission.received_at,
            contract_number=number,
            contact=submission.contact,
            destruction_confirmed=submission.destruction_confirmed,
        )
        await broker.publish(
            request,
            "desk.cancellation-requests",
            key=number.encode(),
            headers=_headers(request.ce_type, number, identity),
        )


def _headers(ce_type: str, subject: str, cause: str) -> dict[str, str]:
    return {
        "ce_specversion": "1.0",
        "ce_id": str(uuid4()),
        "ce_source": "/services/inquiry_intake",
        "ce_type": ce_type,
        "ce_time": datetime.now(UTC).isoformat(),
        "ce_subject": subject,
        "content-type": "application/json",
        "ce_correlationid": cause,
        "ce_causationid": cause,
    }


if __name__ == "__main__":
    import uvloop

    assert os.environ["KAFKA_BOOTSTRAP_SERVERS"], "the benchmark starts it"
    uvloop.run(app.run())
