"""`desk verify`: its options."""

from __future__ import annotations

from desk.commands import options, work


def verify(
    as_json: options.AsJson = False,
    directory: options.Directory = options.DIRECTORY,
    mongo: options.Mongo = None,
) -> None:
    """Check that every record follows from its history.

    Every history is folded and compared with the stored state; message and event ids are unique,
    and cancellation decisions are numbered without gaps. Exit code 1 for any fault. Where
    HISTORY_KEPT_DAYS has let the oldest entries expire, what is left is checked.
    """
    work(
        "verify",
        "verify",
        as_json=as_json,
        directory=directory,
        mongo=mongo,
    )
