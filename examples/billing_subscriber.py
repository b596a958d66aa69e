"""A billing system that stops charging when the desk says so. It needs Python and aiokafka.

    python examples/billing_subscriber.py 127.0.0.1:9092 billing.json

Reads what stands on every contract first, then each decision as it comes. All that it knows is in
one file, together with its place on the topics: killed at any moment, it resumes where it was.
"""

import asyncio
import json
import os
import ssl
import sys
from pathlib import Path

from aiokafka import AIOKafkaConsumer

STATES, DECISIONS = "desk.cancellation-states", "desk.cancellations"
CHARGE_ON = {"cancellation.withdrawn.v1", "cancellation.suspended.v1", "renewal.reinstated.v1"}


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


def take(book, topic, ce_type, data):
    """Apply one record, if it is the next: a repeat changes nothing, a gap waits for the state."""
    number, sequence = data["contract_number"], data["sequence"]
    known = book["contracts"].setdefault(number, {"sequence": 0, "last_billable_on": None})
    if sequence <= known["sequence"] or (topic == DECISIONS and sequence > known["sequence"] + 1):
        return
    last = data.get("last_billable_on")
    if topic == DECISIONS and last is None and ce_type not in CHARGE_ON:
        last = known["last_billable_on"]
    if last != known["last_billable_on"]:
        print(number, f"charge until {last}" if last else "charge on", flush=True)
    known.update(sequence=sequence, last_billable_on=last)


def keep(book, file):
    """Replace the file as a whole: whatever happens, it holds the old book or the new one."""
    partial = file.with_suffix(".tmp")
    partial.write_text(json.dumps(book))
    os.replace(partial, file)


async def main(bootstrap, file):
    book = json.loads(file.read_text()) if file.exists() else {"places": {}, "contracts": {}}
    consumer = AIOKafkaConsumer(
        STATES,
        DECISIONS,
        bootstrap_servers=bootstrap,
        **security(),
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        isolation_level="read_committed",
    )
    await consumer.start()
    topics = {STATES: [], DECISIONS: []}
    for place in consumer.assignment():  # without a group: every partition
        topics[place.topic].append(place)
        consumer.seek(place, book["places"].get(f"{place.topic} {place.partition}", 0))
    ends = await consumer.end_offsets(topics[STATES])
    consumer.pause(*topics[DECISIONS])  # what stands comes first
    while True:
        if all([await consumer.position(place) >= end for place, end in ends.items()]):
            consumer.resume(*topics[DECISIONS])
        batches = await consumer.getmany(timeout_ms=500)
        for place, records in batches.items():
            for record in records:
                ce_type = dict(record.headers)["ce_type"].decode()
                if record.value is None:  # a tombstone: the contract is forgotten
                    book["contracts"].pop(record.key.decode(), None)
                else:
                    take(book, place.topic, ce_type, json.loads(record.value))
            book["places"][f"{place.topic} {place.partition}"] = records[-1].offset + 1
        if batches:
            keep(book, file)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
