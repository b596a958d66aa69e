"""The records that a service passes over: of types it never decides, with nothing to judge."""

from __future__ import annotations

from shared.events.limits import MAX_HEADERS
from shared.events.topics import CATALOGUE, TOPIC_OF
from shared.runtime.codec import Record, check_envelope, has_faulty_form
from shared.runtime.decider import Service
from shared.runtime.record_faults import NO_OVERRIDES, Sources


class Ignored:
    """Finds the records of the types that one service ignores, each on its own topic.

    Their data is not read: whoever decides the type does that, and where nobody does, the service
    that the catalogue names as its judge. The service that answers the faulty forms of a topic
    reads the data of all its types, and passes over those that are sound, or no JSON object.
    """

    def __init__(self, service: Service, sources: Sources = NO_OVERRIDES) -> None:
        self._sources = sources
        self._types = {
            (TOPIC_OF[it.ce_type].name, it.ce_type.encode())
            for it in service.ignores
            if TOPIC_OF[it.ce_type].judge_of(it.ce_type) != service.name
        }
        self._answers = {
            topic.name for topic in CATALOGUE if topic.forms_answered_by == service.name
        }

    def passes_over(self, record: Record) -> bool:
        """Whether the record's data need not be read. A tombstone is none of these events.

        Raises `Unreadable` for a fault that shows before the data.
        """
        if type(record.value) is not bytes or not self._is_named(record):
            return False
        check_envelope(record, self._sources)
        return record.topic not in self._answers or not has_faulty_form(record, self._sources)

    def _is_named(self, record: Record) -> bool:
        return any(
            name.lower() == "ce_type" and (record.topic, value) in self._types
            for name, value in record.headers[:MAX_HEADERS]
        )
