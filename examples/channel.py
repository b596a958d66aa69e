"""A front-end channel: asks for a cancellation and tells the answers. It needs Python and aiokafka.

python examples/channel.py 127.0.0.1:9092 C-1001 K-2001
"""

import asyncio
import json
import os
import ssl
import sys
from datetime import UTC, datetime
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

SOURCE = "/channels/web"
ANSWERS = ("desk.rejections", "desk.inquiries")
WITHIN_SECONDS = 30


def security():
    """TLS, and a user where KAFKA_USERNAME names one; a broker on one machine asks for neither."""
    if "KAFKA_USERNAME" not in os.environ:
        return {}
    return {
        "security_protocol": "SASL_SSL",
        "ssl_context": ssl.create_default_context(cafile=os.environ.get("KAFKA_CA_FILE")),
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": os.environ["KAFKA_USERNAME"],
        "sasl_plain_password": os.environ["KAFKA_PASSWORD"],
    }


async def ask(bootstrap, customer, contract):
    """Publish the submission; its id makes it safe to send again."""
    submission_id = str(uuid4())
    data = {
        "customer_id": customer,
        "channel": "web",
        "received_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "contract_numbers": [contract],
        "contact": {"name": "Cliente de Prueba", "email": "cliente@example.test"},
        "destruction_confirmed": True,
    }
    headers = {
        "ce_specversion": "1.0",
        "ce_id": submission_id,
        "ce_source": SOURCE,
        "ce_type": "submission.cancellation.v1",
        "content-type": "application/json",
    }
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", **security())
    async with producer:
        await producer.send_and_wait(
            "desk.submissions",
            key=customer.encode(),
            value=json.dumps(data).encode(),
            headers=[(name, value.encode()) for name, value in headers.items()],
        )
    return submission_id


async def main(bootstrap, customer, contract):
    consumer = AIOKafkaConsumer(
        *ANSWERS, bootstrap_servers=bootstrap, isolation_level="read_committed", **security()
    )
    async with consumer, asyncio.timeout(WITHIN_SECONDS):
        await asyncio.gather(*(consumer.position(place) for place in consumer.assignment()))
        submission_id = await ask(bootstrap, customer, contract)
        async for record in consumer:
            headers = {name: value.decode() for name, value in record.headers}
            if headers.get("ce_correlationid") != submission_id:
                continue
            answer = json.loads(record.value)
            match headers["ce_type"]:
                case "submission.rejected.v1":
                    return print(
                        "rejected:", *(error["message"]["en"] for error in answer["errors"])
                    )
                case "inquiry.opened.v1":
                    print("opened:", answer["reference"], flush=True)
                case "inquiry.progressed.v1":
                    print(f"{answer['status']}:", answer["note"]["en"], flush=True)
                case "inquiry.resolved.v1":
                    return print("resolved")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
