"""The sentences of `docs/events.md` that no code could say."""

from __future__ import annotations

INTRODUCTION = """\
<!-- Generated from shared/events and tests/contract/golden; do not edit.
     Write it again: python -m desk.contract_docs -->

# Event contract (version 1)

What front-end channels, billing and operations rely on: every topic, every event, every field.
The same contract for programs: [asyncapi.yaml](asyncapi.yaml) (AsyncAPI 3.0) and one
[JSON Schema](schemas) per event type. F1 to F16 number the facts of the desk's help page.

How to read it, and how to write to it:

- The record **value** is the event's data, JSON in UTF-8; everything about the event (type, id,
  source, time) is in the record **headers**: CloudEvents 1.0 in Kafka's binary content mode.
- `ce_source` and `ce_id` together identify a message. Drop the ones that you have seen: the desk
  may publish an event again, always with the same id and the same value.
- The desk sets the ids of its events deterministically (UUIDv5 of the causing message and an
  index), so they are unique on their own.
- **Order** holds per key and topic, and nowhere else.
- **Unknown fields are ignored**, so do the same; a missing required field is rejected.
- An optional field that does not apply is absent; it is never null.
- Dates are `YYYY-MM-DD` in Europe/Madrid. Instants are RFC 3339 with an offset. Money is
  `{"amount": "123.45", "currency": "EUR"}`: the amount is a decimal string, not a number.
- Text fields are at most 10,000 characters, a record is at most 256 KiB.
- A submission is idempotent by its `ce_id`: the same one again changes nothing, and another body
  under a used id is rejected (`id_reused`).
- Types end in `.v1`. Fields and types are added within version 1; none is removed, renamed or
  given another meaning.

Intake, archive, cancellation and notification are the desk's services (`inquiry_intake`,
`contract_archive`, `cancellation`, `notification`)."""

READERS = (
    (
        "a front-end channel",
        "`desk.submissions`",
        "`desk.rejections` (what was wrong), `desk.inquiries` (what becomes of it)",
    ),
    ("billing", "`billing.invoices`", "`desk.cancellations`: stop charging after "
     "`last_billable_on`"),
    ("the contract registry", "`registry.contracts`", "nothing"),
    ("a desk agent's tool", "`desk.agent-actions`", "`desk.inquiries` if you like"),
    ("operations", "nothing", "`desk.dead-letters`, `desk.notifications`"),
)  # fmt: skip
