"""The headers of records: the page's tables and AsyncAPI's schemas are made of these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.runtime.reason import Reason


@dataclass(frozen=True, slots=True)
class Header:
    """Describes a header in Markdown; `schema` is its JSON Schema."""

    name: str
    says: str
    present: str = "always"
    schema: Mapping[str, Any] = field(default_factory=dict)

    @property
    def row(self) -> tuple[str, str, str]:
        return f"`{self.name}`", self.says, self.present

    @property
    def described(self) -> dict[str, Any]:
        """Its JSON Schema."""
        if "const" in self.schema:
            return dict(self.schema)
        plain = self.says.replace("`", "")
        description = f"{plain[:1].upper()}{plain[1:]}."
        return {"type": "string", "description": description, **self.schema}


WHERE_ONE = "where there is one"

HEADERS = (
    Header("ce_specversion", "`1.0`", schema={"const": "1.0"}),
    Header(
        "ce_id",
        "the message's id, which with `ce_source` identifies it; a submission's id is the"
        " submission's",
    ),
    Header(
        "ce_source",
        "who wrote it, such as `/channels/web` or `/services/cancellation`",
        schema={"examples": ["/channels/web", "/services/cancellation"]},
    ),
    Header("ce_type", "the event type, ending in `.v1`", schema={"pattern": r"\.v1$"}),
    Header("ce_time", "RFC 3339, UTC", schema={"format": "date-time"}),
    Header("ce_subject", "the id of the aggregate that it is about"),
    Header("content-type", "`application/json`", schema={"const": "application/json"}),
    Header("ce_correlationid", "the id of the submission that started it all", WHERE_ONE),
    Header("ce_causationid", "the id of the message that caused this event", WHERE_ONE),
    Header(
        "ce_dataschema",
        "the address of the data's JSON Schema",
        "where `EVENT_SCHEMA_BASE_URL` is set",
        {"format": "uri"},
    ),
    Header("traceparent", "W3C trace context, handed on", WHERE_ONE),
)
DEAD_LETTER_HEADERS = (
    Header("dl_topic", "the topic that the record came from"),
    Header("dl_partition", "its partition", schema={"pattern": "^[0-9]+$"}),
    Header("dl_offset", "its offset", schema={"pattern": "^[0-9]+$"}),
    Header("dl_service", "the service that gave it up"),
    Header(
        "dl_reason",
        f"why: {', '.join(f'`{reason}`' for reason in Reason)}",
        schema={"enum": [reason.value for reason in Reason]},
    ),
    Header("dl_error", "what was wrong, without the record's values"),
    Header("dl_at", "when, RFC 3339", schema={"format": "date-time"}),
)


def schema_of(headers: tuple[Header, ...], description: str) -> dict[str, Any]:
    """The JSON Schema of a record's headers."""
    return {
        "type": "object",
        "description": description,
        "required": [header.name for header in headers if header.present == "always"],
        "properties": {header.name: header.described for header in headers},
    }
