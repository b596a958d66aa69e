"""The sentences of intake that count something."""

from __future__ import annotations

import pytest

from services.inquiry_intake.texts import ACTIVATION_LOCKED, activation_failed, documents_received


@pytest.mark.parametrize("left", [0, -1])
def test_where_no_attempt_is_left_the_code_is_locked(left: int) -> None:
    assert activation_failed(left) == ACTIVATION_LOCKED


def test_what_attempts_are_left_is_said() -> None:
    left = activation_failed(4)
    assert (left.es[-2:], left.en[-2:]) == ("4.", "4.")


@pytest.mark.parametrize(
    ("count", "es", "en"),
    [
        (1, "Hemos recibido su documento.", "We have received your document."),
        (3, "Hemos recibido sus 3 documentos.", "We have received your 3 documents."),
    ],
)
def test_documents_without_words_are_counted(count: int, es: str, en: str) -> None:
    received = documents_received(count)
    assert (received.es, received.en) == (es, en)
