"""A record of more than a dead letter can hold stops nobody, where its topic's owner allows it."""

from __future__ import annotations

from uuid import uuid4

from desk.local.stack import Stack
from tests.integration.runtime import toy
from tests.integration.runtime.wire import (
    collect,
    event_headers,
    headers_of,
    outsider,
    running,
    set_on_broker,
    settings_for,
)

TYPE = "submission.inquiry.v1"
LARGE = 3_000_000
ALLOWED = {"max.message.bytes": "4000000"}


async def test_an_uncompressed_record_of_three_megabytes_is_a_dead_letter_and_the_next_is_decided(
    own_stack: Stack,
) -> None:
    endpoints, name = own_stack.endpoints, f"large{uuid4().hex[:8]}"
    customer = f"C-{name}"
    async with outsider(endpoints) as client:
        await set_on_broker(endpoints, "desk.submissions", ALLOWED)
        async with running(toy.build(), settings_for(endpoints, name)):
            answers = await client.watch("desk.rejections")
            dead = await client.watch("desk.dead-letters")
            await client.publish("desk.submissions", customer, bytes(LARGE), [], partition=0)
            sound, headers = {"customer_id": customer}, event_headers(TYPE, f"{name}-1")
            await client.publish("desk.submissions", customer, sound, headers, partition=0)
            [letter] = await collect(dead, 1, name)
            [answer] = await collect(answers, 1, name)

    assert letter.value == b""
    told = headers_of(letter)
    assert (told["dl_reason"], told["dl_offset"]) == ("too_large", "0")
    assert str(LARGE + len(customer)) in told["dl_error"]
    assert headers_of(answer)["ce_causationid"] == f"{name}-1"
