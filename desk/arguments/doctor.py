"""`desk doctor`: its options."""

from __future__ import annotations

from desk.arguments import done_by, options


@done_by("doctor")
def doctor(
    as_json: options.AsJson = False,
    directory: options.Directory = options.DIRECTORY,
    kafka: options.Kafka = None,
    mongo: options.Mongo = None,
    smtp: options.Smtp = None,
) -> None:
    """Check that everything is there and keeps up.

    Broker, topics, database, clock, mail, services, lag, dead letters. Exit code 1 on a failure.
    """
