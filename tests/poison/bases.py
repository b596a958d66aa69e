"""Sound records to spoil: the golden examples, each time about another customer and contract."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

from desk.contract_docs.goldens import Golden, read_goldens
from shared.events.envelope import message_uuid
from shared.events.topics import SERVICES, TOPIC_OF, topics_read_by

Header = tuple[str, bytes | None]

READ = frozenset(topic for service in SERVICES for topic in topics_read_by(service))
"""Every topic that a service reads, the services' own too: anyone may write there."""

PERSONAL = frozenset(
    {"name", "subject", "text", "title", "company", "signed_by", "comment", "reason", "note"}
    | {"postal_address", "explanation", "reference"}
)
HOT = 5
SHARE_OF_HOT = 0.03
"""A few contracts, customers and inquiries get a lot of records, the others one or two each."""


@dataclass(frozen=True, slots=True)
class Mix:
    """How many customers and contracts the records are about, and how many have an address.

    By default few have one, so that a long run is not a run of the mail server.
    """

    customers: int = 20_000
    with_email: float = 0.05


WIDE = Mix()


@dataclass(slots=True)
class Draft:
    """A sound record that a way of spoiling it may change as it likes.

    `mark` is planted in everything personal, so that it can be sought where it must not be; `at`
    (aware) is when it says that it is.
    """

    topic: str
    ce_type: str
    mark: str
    fields: dict[str, Any]
    headers: list[Header]
    key: bytes | None
    at: datetime
    value: bytes | None = None
    extra: list[Header] = field(default_factory=list)
    as_it_is: bool = False
    """Whether the record has `value`, whatever the fields say."""

    def says(self, value: bytes | None) -> None:
        """Let the record have this value instead of its fields."""
        self.value, self.as_it_is = value, True

    def head(self, name: str, value: bytes | None) -> None:
        """Give the header `name` another value."""
        self.headers = [(n, value if n == name else v) for n, v in self.headers]

    def drop(self, name: str) -> None:
        self.headers = [(n, v) for n, v in self.headers if n != name]


class Bases:
    """Drafts by chance, submissions most often; `at` (aware) is when they say that they are."""

    def __init__(self, root: Path, at: datetime, mix: Mix = WIDE) -> None:
        self._mix = mix
        self._goldens = read_goldens(root)
        goldens = [g for g in self._goldens.values() if g.topic in READ]
        submissions = [g for g in goldens if g.topic == "desk.submissions"]
        outside = [g for g in goldens if not g.headers["ce_source"].startswith("/services/")]
        self._chosen_from = [*goldens, *submissions * 4, *outside * 2]
        self._at = at

    def draft(self, random: Random, ce_id: str, mark: str) -> Draft:
        golden = random.choice(self._chosen_from)
        return self._draft(golden, random, ce_id, mark)

    def draft_of(self, ce_type: str, random: Random, ce_id: str, mark: str) -> Draft:
        return self._draft(self._goldens[ce_type], random, ce_id, mark)

    def _draft(self, golden: Golden, random: Random, ce_id: str, mark: str) -> Draft:
        fields = _individual(golden, random, mark, self._mix)
        if "received_at" in fields:
            fields["received_at"] = self._at.isoformat()
        key_fields = TOPIC_OF[golden.headers["ce_type"]].key
        key = next((fields[name] for name in key_fields if name in fields), ce_id)
        headers: list[Header] = [
            (name, value.encode()) for name, value in golden.headers.items() if name != "ce_id"
        ]
        return Draft(
            topic=golden.topic,
            ce_type=golden.headers["ce_type"],
            mark=mark,
            fields=fields,
            headers=[*headers, ("ce_id", ce_id.encode())],
            key=str(key).encode(),
            at=self._at,
        )


def _individual(golden: Golden, random: Random, mark: str, mix: Mix) -> dict[str, Any]:
    with_email = random.random() < mix.with_email
    fields: dict[str, Any] = _marked(deepcopy(golden.value), mark, with_email=with_email)
    number = random.randrange(HOT if random.random() < SHARE_OF_HOT else mix.customers)
    replaced = {
        "contract_number": f"V-{number}",
        "contract_numbers": [f"V-{number}", f"V-{number + 1}"],
        "customer_id": f"C-{number}",
        "inquiry_id": str(message_uuid("/poison", str(number))),
        "notification_id": str(message_uuid("/poison", f"n{number}")),
    }
    return fields | {name: value for name, value in replaced.items() if name in fields}


def _marked(value: Any, mark: str, *, with_email: bool, name: str = "") -> Any:
    if isinstance(value, dict):
        kept = {n: v for n, v in value.items() if with_email or n != "email"}
        return {n: _marked(v, mark, with_email=with_email, name=n) for n, v in kept.items()}
    if isinstance(value, list):
        return [_marked(item, mark, with_email=with_email) for item in value]
    if name == "email":
        return f"{mark}@example.test"
    return f"{value} {mark}" if name in PERSONAL and isinstance(value, str) else value
