"""Dead letters as the topic holds them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from shared.operations.dead_letters.letter import Headers, Letter, LetterId, letter_of

AT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


class Consumed:
    """A record of `desk.dead-letters` as a consumer delivers it."""

    def __init__(self, place: LetterId, value: bytes | None, headers: Headers) -> None:
        self.partition, self.offset = place
        self.timestamp = 0
        self.key = b"C-1001"
        self.value = value
        self.headers = headers


def dead_letter(
    place: LetterId,
    *,
    message: str = "a",
    service: str = "cancellation",
    reason: str = "defect",
    error: str = "made up",
    topic: str = "desk.submissions",
    partition: int = 0,
    offset: int = 17,
    minutes: int = 0,
    value: bytes | None = b'{"customer_id": "C-1001"}',
    headers: Headers | None = None,
) -> Letter:
    """A letter of message `/test <message>`, given up that many minutes after `AT`."""
    own = {
        "dl_topic": topic,
        "dl_partition": str(partition),
        "dl_offset": str(offset),
        "dl_service": service,
        "dl_reason": reason,
        "dl_error": error,
        "dl_at": (AT + timedelta(minutes=minutes)).isoformat(),
    }
    if headers is None:
        headers = (("ce_source", b"/test"), ("ce_id", message.encode())) if message else ()
    dl_headers = tuple((name, text.encode()) for name, text in own.items())
    return letter_of(Consumed(place, value, (*headers, *dl_headers)))
