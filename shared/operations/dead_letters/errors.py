"""Errors that leave a dead letter untouched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.operations.dead_letters.letter import LetterId
from shared.operations.dead_letters.settlement import Settlement
from shared.operations.errors import OperationError


class IdsAndSelection(OperationError):
    """Letters were asked for both by id and by what they say."""


class AggregateAndSelection(OperationError):
    """All that waits for an aggregate was asked for, and also only some of it."""


@dataclass(eq=False)
class NothingCorrected(OperationError):
    """The correction leaves the record as it is."""

    letter: LetterId


class NotAnObject(OperationError):
    """Fields were to be set, but the record's value is not a JSON object."""


class HalfACharacter(OperationError):
    """The corrected value holds a lone surrogate, which UTF-8 cannot write."""


@dataclass(eq=False)
class NotAPointer(OperationError):
    """The field's name is not a JSON pointer (RFC 6901)."""

    written: str


@dataclass(eq=False)
class NotJson(OperationError):
    """The field's new value is not JSON."""

    pointer: str


@dataclass(eq=False)
class NoSuchField(OperationError):
    """The record's value has nothing where the JSON pointer leads."""

    pointer: str


@dataclass(eq=False)
class UnknownService(OperationError):
    """The letter was given up by something that is not a service of the desk."""

    letter: LetterId
    service: str


@dataclass(eq=False)
class IdentityCorrected(OperationError):
    """An aggregate waits for the message by the id that the correction would change."""

    letter: LetterId


@dataclass(eq=False)
class StillFaulty(OperationError):
    """The corrected record would not be decided; `faults` names every reason, and no value."""

    letter: LetterId
    faults: Sequence[str]


@dataclass(eq=False)
class Superseded(OperationError):
    """The message was given up again: only its newest letter can be corrected."""

    letter: LetterId
    newest: LetterId


@dataclass(eq=False)
class AlreadySettled(OperationError):
    """Nothing is left to correct: the letter was dealt with."""

    letter: LetterId
    settlement: Settlement
