"""`--language` translates a whole view: labels, words and sentences."""

from __future__ import annotations

from datetime import UTC, datetime
from io import StringIO

import pytest
from rich.console import Console

from desk.commands.cancellation import show as show_preview
from desk.commands.inquiry import show as show_inquiry
from services.cancellation.file.decide import Rules
from services.cancellation.preview import preview
from services.inquiry_intake.inquiry.routing import _QUEUE_NAMES
from services.inquiry_intake.inquiry.state import AnswerStatus, InquiryStanding
from services.inquiry_intake.replicas import AttachmentVerdict
from shared.events.inquiries import Actor, InquiryKind
from shared.events.values import Language
from shared.operations.cases import Case, Moment
from shared.operations.event_text_catalogue import LABELS, WORDS
from shared.runtime.codec import dump
from shared.runtime.operations.answers import History, PreviewAnswer, PreviewedEvent

NOW = datetime(2026, 11, 27, 10, tzinfo=UTC)
OPENED = {
    "reference": "INQ-7XK3Q-9M2PD-4",
    "kind": "cancellation_evidence",
    "subject": "Documentación",
    "queue": "cancellations",
    "answer_due_at": "2026-11-30T10:00:00Z",
    "contact": {"name": "Cliente de Prueba"},
    "contract_numbers": ["K-1"],
    "details": [
        {"field": "received_at", "value": "2026-11-27T10:00:00Z"},
        {"field": "destruction_confirmed", "value": "true"},
    ],
}
LIFE = Case(
    History(
        service="inquiry_intake",
        kind="inquiry",
        id="an-id",
        version=2,
        state={"status": "resolved", "customer_id": "C-1", "queue": "cancellations"},
        entries_in_all=0,
        entries=(),
    ),
    [
        Moment(NOW, "inquiry_intake", "inquiry.opened.v1", OPENED),
        Moment(
            NOW,
            "cancellation",
            "cancellation.expired.v1",
            {
                "contract_number": "K-1",
                "due_on": "2026-11-26",
                "policy": "monthly-notice",
                "policy_version": "1",
                "rule": "evidence-not-received",
                "explanation": {"es": "No llegó a tiempo.", "en": "It did not come in time."},
            },
        ),
    ],
)


def shown(view: object, *arguments: object) -> str:
    out = Console(file=StringIO(), width=100, markup=False)
    view(*arguments, out)  # type: ignore[operator]
    return " ".join(out.file.getvalue().split())  # type: ignore[attr-defined]


def test_an_inquiry_is_told_in_spanish_alone() -> None:
    told = shown(show_inquiry, LIFE, [], Language.ES)

    for words in (
        "referencia",
        "estado resuelta",
        "documentación para una cancelación",
        "cola cancelaciones",
        "Fecha de recepción",
        "Destrucción de todas las copias confirmada Sí",
        "política monthly-notice 1, regla evidence-not-received",
    ):
        assert words in told
    for english in ("status", "queue", "kind", "customer", "policy", "rule ", "true", "Received"):
        assert english not in told


@pytest.mark.parametrize(
    ("language", "mine", "others"),
    [
        (Language.ES, ["resultado", "política", "No se ha cambiado nada."], ["outcome", "Nothing"]),
        (Language.EN, ["outcome", "policy", "Nothing was changed."], ["resultado", "Nada", "su "]),
    ],
)
def test_a_preview_is_told_in_one_language(
    language: Language, mine: list[str], others: list[str]
) -> None:
    events = tuple(
        PreviewedEvent(ce_type=event.ce_type, data=dump(event))
        for event in preview(Rules(), None, "K-1", NOW)
    )
    answer = PreviewAnswer(service="cancellation", at=NOW, known=False, events=events)

    told = shown(show_preview, answer, language)

    assert all(words in told for words in mine)
    assert not any(words in told for words in others)


def test_every_word_that_a_view_may_show_is_in_both_languages() -> None:
    words = [f"kind={it.value}" for it in InquiryKind]
    words += [f"status={it.value}" for it in (*InquiryStanding, *AnswerStatus)]
    words += [f"queue={it}" for it in _QUEUE_NAMES]
    words += [f"by={it.value}" for it in Actor]
    words += [f"attachment={it}" for it in (*AttachmentVerdict, "unknown")]

    assert [it for it in words if it not in WORDS] == []
    assert all(it.es and it.en for it in (*WORDS.values(), *LABELS.values()))
