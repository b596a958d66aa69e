"""Durations in words: one unit, the largest that is at least one."""

from __future__ import annotations

from shared.events.values import Bilingual, Language

UNITS = (
    (86_400, Bilingual(es="día", en="day"), Bilingual(es="días", en="days")),
    (3_600, Bilingual(es="hora", en="hour"), Bilingual(es="horas", en="hours")),
    (60, Bilingual(es="minuto", en="minute"), Bilingual(es="minutos", en="minutes")),
)
"""Seconds of each, one of it, several of it."""


def duration(seconds: float, language: Language) -> str:
    """Formats a duration in its largest unit, rounded down: `0.3 s`, `12 s`, `1 hour`, `3 días`."""
    for size, one, several in UNITS:
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {(one if count == 1 else several).in_language(language)}"
    return f"{seconds:.1f} s" if seconds < 10 else f"{int(seconds)} s"
