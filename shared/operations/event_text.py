"""An event in plain words, Spanish or English: a headline, and a sentence where there is one.

It reads the event's JSON, as Kafka and the histories hold it, so that a history of any age can be
told, and so can a record of which a stranger only says that it is such an event. A decision's own
explanation or note is the sentence: no text here explains a decision.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.events.internal import MailAttempted
from shared.events.values import Language
from shared.operations.event_text_catalogue import (
    CONSEQUENCES,
    HEADLINES,
    LABELS,
    MAIL_TAKEN,
    SENTENCES,
    WORDS,
)
from shared.operations.local_time import local_time


@dataclass(frozen=True, slots=True)
class Said:
    """An event in words: the event itself, and its reason or meaning; `words` may be empty."""

    what: str
    words: str = ""


def said(ce_type: str, data: Mapping[str, Any], language: Language) -> Said | None:
    """The event in words; None for bookkeeping that no person asks about."""
    headline = HEADLINES.get(ce_type)
    if headline is None:
        return None
    facts = _Facts(data, language)
    what = headline.in_language(language).format_map(facts)
    return Said(what, _words(ce_type, data, facts, language))


def _words(ce_type: str, data: Mapping[str, Any], facts: _Facts, language: Language) -> str:
    for field in ("explanation", "note"):
        if sentence := _in_language(data.get(field), language):
            return sentence
    if isinstance(data.get("errors"), list):
        return fault_lines(data["errors"], language)
    if ce_type == MailAttempted.ce_type and data.get("error") is None:
        return MAIL_TAKEN.in_language(language)
    known = SENTENCES.get(ce_type)
    return known.in_language(language).format_map(facts) if known else ""


def _in_language(bilingual: object, language: Language) -> str:
    said = bilingual.get(language.value) if isinstance(bilingual, Mapping) else None
    return said if isinstance(said, str) else ""


def label(name: str, language: Language) -> str:
    """A row's label in a view, or a sentence about the whole."""
    return LABELS[name].in_language(language)


def word(field: str, value: object, language: Language) -> str:
    """A field's value in plain words; a word that nobody has put into words stays as it is."""
    return _shown(field, value, language).replace("_", " ")


def fault_lines(errors: object, language: Language) -> str:
    """The faulty fields of a rejection, a line each: `contact.email: … (wrong_format)`."""
    told = [it for it in errors if isinstance(it, Mapping)] if isinstance(errors, list) else []
    return "\n".join(_fault_line(it, language) for it in told)


def _fault_line(error: Mapping[str, Any], language: Language) -> str:
    message = _in_language(error.get("message"), language) or "–"
    return f"{error.get('field', '–')}: {message} ({error.get('code', '–')})"


def consequence(ce_type: str, data: Mapping[str, Any], language: Language) -> str:
    """The dates that a cancellation decision sets, in one line; empty if it sets none."""
    parts = [
        f"{words.in_language(language)} {data[field]}"
        for field, words in CONSEQUENCES.items()
        if data.get(field) is not None
    ]
    return " · ".join(parts) if ce_type.startswith(("cancellation.", "renewal.")) else ""


class _Facts(dict[str, str]):
    """The event's fields as text: instants in Madrid time, codes as words, what is absent as –."""

    def __init__(self, data: Mapping[str, Any], language: Language) -> None:
        super().__init__()
        for name, value in data.items():
            self[name] = _shown(name, value, language)

    def __missing__(self, name: str) -> str:
        return "–"


def _local(written: str) -> str:
    """In Madrid's time; what is no instant there, such as a hidden one, stays as it is."""
    try:
        return local_time(datetime.fromisoformat(written))
    except (ValueError, OverflowError):
        return written


def _shown(name: str, value: Any, language: Language) -> str:
    if name.endswith(("_at", "until")) and isinstance(value, str):
        return _local(value)
    if isinstance(value, list):
        return ", ".join(_shown(name, item, language) for item in value)
    known = WORDS.get(f"{name}={value}")
    return known.in_language(language) if known else str(value)
