"""`desk work`: its options."""

from __future__ import annotations

from desk.arguments import done_by, options
from shared.events.choices import Language


@done_by("open_work")
def work(
    language: options.InLanguage = Language.EN,
    as_json: options.AsJson = False,
    directory: options.Directory = options.DIRECTORY,
    kafka: options.Kafka = None,
) -> None:
    """Show what waits, for whom, since when, and where to look.

    Overdue inquiries, referred cancellations, awaited evidence, unsent mails, documents to be
    made, due timers, parked records, dead letters. Exit code 1 where a service does not answer;
    the rest is shown.
    """
