"""Questions to a service's internal port. Every model names all faults at once."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.events.envelope import Ref
from shared.events.limits import MAX_HEADERS

MOST_ON_A_PAGE = 1_000
MOST_RECORDS = 500
"""Most records of one dry run: a batch of the service itself is not larger."""
LONGEST_ID = 1_000
LONGEST_MESSAGE_ID = 600
"""A `ce_source` and a `ce_id` of 255 characters each, and the blank between them."""

Kind = Annotated[str, Field(min_length=1, max_length=60)]
RecordId = Annotated[str, Field(min_length=1, max_length=LONGEST_ID)]


class Question(BaseModel):
    """A field that no question has is a fault too: a misspelt one would be ignored silently."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", ser_json_bytes="base64", val_json_bytes="base64"
    )


class PageOf(Question):
    """The next `limit` items; `after` is the `next` of the page before."""

    limit: int = Field(100, ge=1, le=MOST_ON_A_PAGE)
    after: str | None = Field(None, max_length=4 * LONGEST_ID)


class OneRecord(Question):
    """One record of the service, by its address."""

    kind: Kind
    id: RecordId

    @property
    def ref(self) -> Ref:
        return Ref(self.kind, self.id)


class Waits(OneRecord):
    """Does this message (`<ce_source> <ce_id>`) wait for the record?"""

    message_id: str = Field(max_length=LONGEST_MESSAGE_ID)


class HistoryOf(Question):
    """One record's history from entry `first` on; the record is named by `id` or by `alias`."""

    kind: Kind
    id: RecordId | None = None
    alias: RecordId | None = None
    first: int = Field(0, ge=0)
    limit: int = Field(100, ge=1, le=MOST_ON_A_PAGE)

    @model_validator(mode="after")
    def _names_one(self) -> HistoryOf:
        if (self.id is None) == (self.alias is None):
            raise ValueError("give either id or alias")
        return self


class RawRecord(Question):
    """A Kafka record as it lies on its topic, or would; bytes are base64."""

    topic: str = Field(max_length=249)
    partition: int = Field(ge=0)
    offset: int = Field(ge=0)
    key: bytes | None = None
    value: bytes | None = None
    headers: tuple[tuple[str, bytes | None], ...] = Field((), max_length=MAX_HEADERS + 1)
    timestamp: int = -1
    timestamp_type: int | None = None


class DryRunOf(Question):
    """Records to decide one after the other; with `until_fault` none after the first that fails.

    With `again`, those that were decided before are decided as of that time.
    """

    records: tuple[RawRecord, ...] = Field(min_length=1, max_length=MOST_RECORDS)
    until_fault: bool = False
    again: bool = False


class CheckOf(Question):
    """A corrected record, and the records of the service that wait for it."""

    record: RawRecord
    needed: tuple[OneRecord, ...] = Field((), max_length=MOST_ON_A_PAGE)
