"""The console's projections: one entry per record, searchable by any id, and acts."""

from __future__ import annotations

from services.operations_console.agent_acts import KEPT
from services.operations_console.audit import audit_index
from services.operations_console.mails import mail_index
from services.operations_console.refusals import refusal_index
from services.operations_console.settings import Settings
from shared.events.topics import CONSOLE
from shared.operations.case_index import case_index
from shared.operations.letter_acts import letter_act_index
from shared.runtime.projections.projection import views_of
from shared.runtime.projections.record_index import RecordIndex

FOLDS = 5
"""Raise it when an entry changes: the index is then built again beside the one in use."""
VIEWS = views_of(CONSOLE)


def indexes(settings: Settings) -> tuple[RecordIndex, ...]:
    return (
        case_index(settings.cases_kept),
        audit_index(settings.cases_kept),
        refusal_index(KEPT),
        mail_index(settings.cases_kept),
        letter_act_index(),
    )
