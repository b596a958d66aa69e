"""Errors of operators' actions: each says what happened, in fields.

The command or the page that catches one words it for people and ends the process.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class OperationError(Exception):
    """Nothing was done; an operator can do something about it."""


@dataclass(eq=False)
class MissingTopics(OperationError):
    """The broker at `address` has not got these topics, which the services create."""

    names: Sequence[str]
    address: str


@dataclass(eq=False)
class WrongDatabaseUrl(OperationError):
    """The database's URL cannot be read; it is not quoted, since it may hold a password."""

    error: str


@dataclass(eq=False)
class NoSuchInquiry(OperationError):
    """No inquiry has this reference, id or submission's id."""

    named: str


@dataclass(eq=False)
class NoSuchAttachment(OperationError):
    """The inquiry names no such document (`standing` is None), or the archive keeps none."""

    document_id: str
    standing: str | None


@dataclass(eq=False)
class AttachmentDiffers(OperationError):
    """The archive's bytes have another hash than the one that the channel named."""

    document_id: str


@dataclass(eq=False)
class GroupsOfAnother(OperationError):
    """The services' groups would be named like those of `user`, an outside system: it could join
    them and take their messages.
    """

    user: str
